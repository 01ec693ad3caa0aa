"""MELD (Poria et al. 2019): the official listings of utterances, and their clips where they are present."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Final

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.manifest import Manifest, Row, assert_sizes, emotion_name, missing_files

SIZES: Final = {"train": 9_989, "dev": 1_109, "test": 2_610}
CLASS_COUNTS: Final = {
    "train": {"neutral": 4710, "joy": 1743, "sadness": 683, "anger": 1109, "fear": 268, "surprise": 1205, "disgust": 271},
    "dev": {"neutral": 470, "joy": 163, "sadness": 111, "anger": 153, "fear": 40, "surprise": 150, "disgust": 22},
    "test": {"neutral": 1256, "joy": 402, "sadness": 208, "anger": 345, "fear": 50, "surprise": 281, "disgust": 68},
}
CLIP_FOLDERS: Final = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}


def read_meld(root: Path, official: bool = True) -> Manifest:
    """Rows of `{train,dev,test}_sent_emo.csv` below the folder.

    Clips are `diaX_uttY.mp4` in the folders of the official archive. Where none of those folders is present the rows carry
    text only; where one is, every clip missing from it is a counted error (the archive itself lacks or breaks a few).

    Args:
        root: folder with the three listings.
        official: assert the official split sizes and class counts.

    Raises:
        ManifestError: a listing is missing, damaged or not of the official size.
    """
    rows: list[Row] = []
    for split in SIZES:
        rows.extend(_read_split(root, split))
    if official:
        assert_sizes("MELD", rows, SIZES)
        for split, expected in CLASS_COUNTS.items():
            found = Counter(row.label for row in rows if row.split == split)
            if found != expected:
                raise ManifestError(f"MELD: the class counts of {split} are {dict(found)}, not {expected}.",
                                    "Get the official listing again, unchanged.")  # fmt: skip
    return Manifest("meld", root, tuple(rows), missing_files(root, rows))


def _read_split(root: Path, split: str) -> list[Row]:
    listing = root / f"{split}_sent_emo.csv"
    folder = CLIP_FOLDERS[split]
    has_clips = (root / folder).is_dir()
    try:
        with listing.open(encoding="utf-8-sig", newline="") as handle:
            return [_read_row(row, split, folder if has_clips else None) for row in csv.DictReader(handle)]
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise ManifestError(
            f"{listing} is missing or not a MELD listing.", "Point --data at the folder of the listings."
        ) from error


def _read_row(row: dict[str, str], split: str, folder: str | None) -> Row:
    dialogue, utterance = row["Dialogue_ID"], row["Utterance_ID"]
    label = emotion_name(row["Emotion"])
    if label is None:
        raise ManifestError(f"MELD: {row['Emotion']!r} is no emotion of MELD.", "Get the official listing again, unchanged.")
    clip = f"dia{dialogue}_utt{utterance}"
    return Row(
        id=f"meld/{split}/{clip}",
        split=split,
        label=label,
        video=f"{folder}/{clip}.mp4" if folder else None,
        text=row["Utterance"].strip(),
        speaker=row["Speaker"].strip(),
        group=f"meld/{split}/dia{dialogue}",
        extra={"sentiment": row["Sentiment"], "season": row["Season"], "episode": row["Episode"], "order": int(utterance)},
    )
