"""Small towers and real little recordings whose colour and pitch tell the emotion, for training in seconds."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from emoasst_core.emotions import EMOTIONS
from tests.core.encoders.small_models import VIT, write_open_clip, write_wav2vec2
from tests.media import tone, write_recording

COLOURS = [(128, 128, 128), (240, 220, 30), (30, 60, 220), (230, 20, 20), (20, 20, 20), (250, 250, 250), (40, 180, 40)]
SPEAKERS = {"Ann": "train", "Bob": "train", "Cat": "train", "Dan": "dev", "Eve": "test"}


def write_towers(folder: Path) -> tuple[Path, Path]:
    """A random vision-and-text tower and a random sound tower, in the formats of the full-size ones."""
    write_open_clip(folder / "vision", VIT)
    write_wav2vec2(folder / "audio", num_layers=2)
    return folder / "vision", folder / "audio"


def write_clips(folder: Path, takes: int = 2) -> Path:
    """One clip per speaker, emotion and take, and their listing."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(5)
    rows = []
    for speaker, split in SPEAKERS.items():
        for column, emotion in enumerate(EMOTIONS):
            for take in range(takes):
                name = f"{speaker}_{emotion}_{take}.mp4"
                shade = np.clip(np.array(COLOURS[column]) + generator.integers(-12, 12, 3), 0, 255).astype(np.uint8)
                pictures = [np.broadcast_to(shade, (48, 48, 3)).copy() for _ in range(5)]
                write_recording(folder / name, pictures, tone(0.5, 200.0 * (column + 1) + 5 * take))
                text = f"Take number {take} by {speaker}."
                rows.append({"id": name[:-4], "split": split, "video": name, "label": emotion, "speaker": speaker, "text": text})
    listing = folder / "clips.csv"
    with listing.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return listing


def train_arguments(listing: Path, towers: tuple[Path, Path], out: Path, *more: str) -> list[str]:
    """A command line that trains on them with whole frames (there is no face in a colour)."""
    fixed = ["--vision", str(towers[0]), "--audio", str(towers[1]), "--pictures", "frame", "--device", "cpu"]
    sizes = ["--num-epochs", "3", "--batch-size", "16", "--num-frames", "4", "--states-per-clip", "6"]
    return ["train", "--data", str(listing), "--out", str(out), *fixed, *sizes, *more]
