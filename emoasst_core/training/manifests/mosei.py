"""CMU-MOSI and CMU-MOSEI: spoken opinions with a sentiment and, in MOSEI, six emotions, from a flat listing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.manifest import Manifest, Row, assert_sizes, missing_files

MOSI_SIZES: Final = {"train": 1_284, "dev": 229, "test": 686}
MOSEI_SIZES: Final = {"train": 16_326, "dev": 1_871, "test": 4_659}
MOSEI_EMOTION_SIZES: Final = {"train": 14_524, "dev": 1_765, "test": 4_188}  # re-organisation of Dai et al. 2021
EMOTION_COLUMNS: Final = ("happy", "sad", "anger", "surprise", "disgust", "fear")
STRONGEST_PRESENCE: Final = 3.0  # MOSEI raters gave 0 to 3
SENTIMENT_BOUND: Final = 3.0
SPLIT_NAMES: Final = {"train": "train", "valid": "dev", "dev": "dev", "val": "dev", "test": "test"}
OFFICIAL: Final = {"mosi": (MOSI_SIZES,), "mosei": (MOSEI_SIZES, MOSEI_EMOTION_SIZES)}


def read_mosi(root: Path, official: bool = True) -> Manifest:
    """CMU-MOSI's `label.csv`; see `read_mosei`. It has a sentiment only."""
    return _read("mosi", root, official)


def read_mosei(root: Path, official: bool = True) -> Manifest:
    """CMU-MOSEI's `label.csv`: video_id, clip_id, text, label (sentiment, -3 to 3), mode, and the six emotions if they are known.

    Emotions were rated 0 to 3; one above 0 is present. `labels` holds them scaled to [0, 1]; `label` is the strongest,
    neutral where none is present, and empty where the listing has no emotion columns. Clips are `Raw/<video_id>/<clip_id>.mp4`;
    where there is no `Raw` folder the rows are text only. Pickled feature files are not read: convert them outside.

    Raises:
        ManifestError: the listing is missing, damaged, or of none of the published sizes.
    """
    return _read("mosei", root, official)


def _read(name: str, root: Path, official: bool) -> Manifest:
    listing = root / "label.csv"
    try:
        with listing.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            emotions = tuple(column for column in EMOTION_COLUMNS if column in (reader.fieldnames or ()))
            rows = tuple(_row(name, root, row, emotions) for row in reader)
    except (OSError, KeyError, ValueError) as error:
        raise ManifestError(f"{listing} is missing or not a {name.upper()} listing.",
                            "It needs the columns video_id, clip_id, text, label and mode.") from error  # fmt: skip
    if official:
        fitting = [sizes for sizes in OFFICIAL[name] if sum(sizes.values()) == len(rows)]
        assert_sizes(name.upper(), rows, (fitting or OFFICIAL[name])[0])
    return Manifest(name, root, rows, missing_files(root, rows), task="multi" if emotions else "valence")


def _row(name: str, root: Path, row: dict[str, str], emotions: tuple[str, ...]) -> Row:
    video, clip, sentiment = row["video_id"], row["clip_id"], float(row["label"])
    if not -SENTIMENT_BOUND <= sentiment <= SENTIMENT_BOUND:
        raise ManifestError(f"{name.upper()}: sentiment {sentiment} of {video} {clip} is outside -3 to 3.", "Check the listing.")
    presences = {_seven(column): float(row[column]) for column in emotions}
    strongest = max(presences, key=lambda emotion: presences[emotion]) if presences else ""
    if presences and presences[strongest] <= 0:
        strongest = "neutral"
    return Row(
        id=f"{name}/{video}/{clip}",
        split=SPLIT_NAMES[row["mode"].strip().lower()],
        label=strongest,
        video=f"Raw/{video}/{clip}.mp4" if (root / "Raw").is_dir() else None,
        text=row["text"].strip(),
        speaker=f"{name}/{video}",  # one speaker per video
        group=f"{name}/{video}",
        labels={emotion: presence / STRONGEST_PRESENCE for emotion, presence in presences.items()},
        valence=sentiment,
    )


def _seven(column: str) -> str:
    return EMOTIONS[emotion_index(column)]
