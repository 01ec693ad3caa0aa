"""RAVDESS (Livingstone and Russo 2018): acted speech whose file names are its labels."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.manifest import Manifest, Row, missing_files

EMOTION_CODES: Final = {
    "01": "neutral", "02": "calm", "03": "joy", "04": "sadness", "05": "anger", "06": "fear", "07": "disgust", "08": "surprise",
}  # fmt: skip
STATEMENTS: Final = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}
CLIPS_PER_ACTOR: Final = 60  # speech, one modality: 4 neutral clips and 8 of each other emotion
DEV_ACTORS: Final = ("19", "20")
TEST_ACTORS: Final = ("21", "22", "23", "24")
MEDIA_SUFFIXES: Final = (".wav", ".mp4", ".opus", ".flac", ".mp3")


def read_ravdess(root: Path, dev_actors: tuple[str, ...] = DEV_ACTORS, test_actors: tuple[str, ...] = TEST_ACTORS) -> Manifest:
    """Every speech clip below the folder; calm is none of the seven emotions and is counted as left out.

    File names are `MM-VV-EE-II-SS-RR-AA`: modality (01 sound and picture, 02 picture only, 03 sound only), vocal channel
    (01 speech), emotion, intensity, statement, repetition, actor. There is no official split: it is by actor.

    Raises:
        ManifestError: nothing there is named like RAVDESS, or an actor has more than the published 60 clips of one modality.
    """
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    clips: Counter[tuple[str, str]] = Counter()
    for path in sorted(root.rglob("*")):
        parts = path.stem.split("-")
        if path.suffix.lower() not in MEDIA_SUFFIXES or len(parts) != 7 or parts[1] != "01" or parts[2] not in EMOTION_CODES:
            continue
        modality, _, emotion, intensity, statement, _, actor = parts
        clips[modality, actor] += 1
        if EMOTION_CODES[emotion] == "calm":
            left_out["calm"] += 1
            continue
        relative = path.relative_to(root).as_posix()
        rows.append(
            Row(
                id=f"ravdess/{path.stem}",
                split="test" if actor in test_actors else "dev" if actor in dev_actors else "train",
                label=EMOTION_CODES[emotion],
                video=relative if modality in ("01", "02") else None,
                audio=relative if modality == "03" else None,
                text=STATEMENTS.get(statement, ""),
                speaker=f"ravdess_{actor}",
                group=f"ravdess_{actor}",
                extra={"intensity": "strong" if intensity == "02" else "normal"},
            )
        )
    if not rows:
        raise ManifestError(f"No RAVDESS speech clip lies below {root}.", "Point --data at the folder of its Actor_XX folders.")
    crowded = [key for key, count in clips.items() if count > CLIPS_PER_ACTOR]
    if crowded:
        raise ManifestError(f"RAVDESS: actor {crowded[0][1]} has {clips[crowded[0]]} clips, more than the published 60.",
                            "Remove the copies.")  # fmt: skip
    return Manifest("ravdess", root, tuple(rows), missing_files(root, rows), dict(left_out))
