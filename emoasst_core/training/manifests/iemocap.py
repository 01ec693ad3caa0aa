"""IEMOCAP (Busso et al. 2008): five sessions of two actors, read for leave-one-session-out training."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.manifest import Manifest, Row, missing_files

NUM_ROWS: Final = 5_531  # the customary four classes: neutral, happiness with excitement, sadness, anger
CLASS_COUNTS: Final = {"neutral": 1_708, "joy": 1_636, "sadness": 1_084, "anger": 1_103}
FOUR_CLASSES: Final = {"neu": "neutral", "hap": "joy", "exc": "joy", "sad": "sadness", "ang": "anger"}
SESSIONS: Final = (1, 2, 3, 4, 5)
_TURN = re.compile(r"^\[(?P<start>[\d.]+) - (?P<end>[\d.]+)\]\t(?P<turn>\S+)\t(?P<emotion>\w+)\t\[(?P<valence>[\d.]+),")
_SPOKEN = re.compile(r"^(?P<turn>Ses\S+) \[[\d.\-]+\]: (?P<text>.*)$")


def read_iemocap(root: Path, test_session: int = 5, official: bool = True, marked_half: str = "left") -> Manifest:
    """Turns of the four classes. Test is one session, dev the next one, train the other three: no speaker is in two splits.

    Pictures are split screen, so each row says in `extra["half"]` which half shows the speaker: the actor with the face markers
    (named by the letter in the dialogue's name) is in `marked_half`. Other emotions (frustration, undecided ...) are left out
    and counted.

    Args:
        root: folder of Session1 ... Session5.
        test_session: 1 to 5.
        official: assert the customary 5,531 rows and their class counts.
        marked_half: "left" or "right": look at one clip of your copy.

    Raises:
        ManifestError: nothing readable is there, or the counts differ.
    """
    if test_session not in SESSIONS:
        raise ManifestError(f"IEMOCAP has no session {test_session}.", "Use 1 to 5.")
    dev_session = test_session % len(SESSIONS) + 1
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for session in SESSIONS:
        split = "test" if session == test_session else "dev" if session == dev_session else "train"
        for listing in sorted((root / f"Session{session}" / "dialog" / "EmoEvaluation").glob("Ses*.txt")):
            found, others = _read_dialogue(root, listing, session, split, marked_half)
            rows.extend(found)
            left_out.update(others)
    if not rows:
        raise ManifestError(f"No IEMOCAP session lies below {root}.", "Point --data at the folder of Session1 to Session5.")
    counts = Counter(row.label for row in rows)
    if official and counts != CLASS_COUNTS:
        raise ManifestError(f"IEMOCAP: found {len(rows):,} rows {dict(counts)}, not the customary 5,531.",
                            "Get the release again, whole.")  # fmt: skip
    return Manifest("iemocap", root, tuple(rows), missing_files(root, rows), dict(left_out))


def _read_dialogue(root: Path, listing: Path, session: int, split: str, marked_half: str) -> tuple[list[Row], list[str]]:
    dialogue = listing.stem
    spoken = _read_transcript(root / f"Session{session}" / "dialog" / "transcriptions" / listing.name)
    video = Path(f"Session{session}/dialog/avi/DivX/{dialogue}.avi")
    other_half = "right" if marked_half == "left" else "left"
    rows, others = [], []
    for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _TURN.match(line)
        if match is None:
            continue
        if match["emotion"] not in FOUR_CLASSES:
            others.append(match["emotion"])
            continue
        turn = match["turn"]
        gender, marked = turn.rsplit("_", 1)[1][0], dialogue[5]
        rows.append(
            Row(
                id=f"iemocap/{turn}",
                split=split,
                label=FOUR_CLASSES[match["emotion"]],
                video=video.as_posix() if (root / video).exists() else None,
                audio=f"Session{session}/sentences/wav/{dialogue}/{turn}.wav",
                start_s=float(match["start"]),
                end_s=float(match["end"]),
                text=spoken.get(turn, ""),
                speaker=f"iemocap_{session}{gender}",
                group=f"iemocap/{dialogue}",
                valence=float(match["valence"]),
                extra={"half": marked_half if gender == marked else other_half, "session": session},
            )
        )
    return rows, others


def _read_transcript(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {match["turn"]: match["text"].strip() for match in map(_SPOKEN.match, lines) if match}
