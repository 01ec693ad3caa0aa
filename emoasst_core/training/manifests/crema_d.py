"""CREMA-D (Cao et al. 2014): 91 actors, twelve sentences, six emotions, and crowd votes on each clip."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.manifest import Manifest, Row, RowError, missing_files

NUM_CLIPS: Final = 7_442
NUM_ACTORS: Final = 91
EMOTION_CODES: Final = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "joy", "NEU": "neutral", "SAD": "sadness"}
VOTE_COLUMNS: Final = {"A": "anger", "D": "disgust", "F": "fear", "H": "joy", "N": "neutral", "S": "sadness"}
SENTENCES: Final = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
FOLDERS: Final = ("VideoFlash", "AudioWAV", "AudioMP3")  # the first that is present is read
LFS_POINTER: Final = b"version https://git-lfs"


def read_crema_d(root: Path, official: bool = True) -> Manifest:
    """Every clip `ACTOR_SENTENCE_EMOTION_LEVEL`, split by actor: every tenth actor tests, the one before it is for dev.

    Where `processedResults/tabulatedVotes.csv` is present the audio-visual votes become soft `labels`; `label` stays what the
    actor was asked for. A Git-LFS stub in place of a clip is a counted error.

    Args:
        root: the unpacked repository.
        official: assert the published 7,442 clips of 91 actors.

    Raises:
        ManifestError: no clip folder is there, or the number of clips is not the published one.
    """
    folder = next((root / name for name in FOLDERS if (root / name).is_dir()), None)
    if folder is None:
        raise ManifestError(f"{root} holds none of {', '.join(FOLDERS)}.", "Point --data at the unpacked CREMA-D folder.")
    clips = [path for path in sorted(folder.iterdir()) if len(path.stem.split("_")) == 4]
    actors = sorted({path.stem.split("_")[0] for path in clips})
    if official and (len(clips), len(actors)) != (NUM_CLIPS, NUM_ACTORS):
        raise ManifestError(f"CREMA-D: found {len(clips):,} clips of {len(actors)} actors, not 7,442 of 91.", "Fetch it whole.")
    votes = _read_votes(root / "processedResults" / "tabulatedVotes.csv")
    splits = {actor: {9: "test", 8: "dev"}.get(place % 10, "train") for place, actor in enumerate(actors)}
    rows = tuple(_row(path.relative_to(root), splits, votes) for path in clips)
    errors = list(missing_files(root, rows))
    failed = {error.id for error in errors}
    for row, path in zip(rows, clips, strict=True):
        if row.id not in failed and _is_stub(path):
            errors.append(RowError(row.id, row.split, f"{path.name} is a Git-LFS stub, not the clip"))
    return Manifest("crema-d", root, rows, tuple(errors))


def _row(relative: Path, splits: dict[str, str], votes: dict[str, dict[str, float]]) -> Row:
    actor, sentence, emotion, level = relative.stem.split("_")
    if emotion not in EMOTION_CODES:
        raise ManifestError(f"CREMA-D: {relative.name} names no known emotion.", f"Known: {', '.join(EMOTION_CODES)}.")
    is_video = relative.parts[0] == "VideoFlash"
    return Row(
        id=f"crema-d/{relative.stem}",
        split=splits[actor],
        label=EMOTION_CODES[emotion],
        video=relative.as_posix() if is_video else None,
        audio=None if is_video else relative.as_posix(),
        text=SENTENCES.get(sentence, ""),
        speaker=f"crema-d_{actor}",
        group=f"crema-d_{actor}",
        labels=votes.get(relative.stem, {}),
        extra={"level": level},
    )


def _read_votes(path: Path) -> dict[str, dict[str, float]]:
    if not path.exists():
        return {}
    votes: dict[str, dict[str, float]] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            number = next(iter(row.values()))  # the first column has no name; 3xxxxx are the audio-visual ratings
            counts = {name: float(row[column]) for column, name in VOTE_COLUMNS.items()}
            total = sum(counts.values())
            if number.startswith("3") and total:
                votes[row["fileName"]] = {name: count / total for name, count in counts.items()}
    return votes


def _is_stub(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(len(LFS_POINTER)) == LFS_POINTER
