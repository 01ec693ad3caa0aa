"""Examples from a listing of real clips: each is decoded once and kept as a file of small pictures and sound."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.config import FaceOptions
from emoasst_core.emotions import NUM_EMOTIONS, emotion_index
from emoasst_core.faces.detector import open_detector
from emoasst_core.paths import models_folder
from emoasst_core.training.clip_reader import ClipReader
from emoasst_core.training.manifests.manifest import Manifest, Row
from emoasst_core.training.systems.examples import SENTIMENT_UNKNOWN, Example, ExampleSet
from emoasst_core.training.systems.joined_set import PRESENT_SHARE, SENTIMENTS

NUM_FRAMES = 16  # VideoMAE's; the others take fewer of them
MAX_SOUND_S = 20.0


def read_manifest_examples(
    manifest: Manifest, store: Path, picture_size: int, advance: Callable[[], None] = lambda: None
) -> ExampleSet:
    """Decode every row that is not decoded yet. A row that cannot be read stays, with nothing in it but its words.

    Args:
        manifest: labelled rows.
        store: folder with one .npz per row, named by the manifest's hash.
        picture_size: side of the kept face crops, in pixels.
        advance: called after each row.
    """
    detector = open_detector(FaceOptions(), models_folder() / "yunet" / "face_detection_yunet_2023mar.onnx")
    reader = ClipReader(NUM_FRAMES, "face", MAX_SOUND_S, detector)
    folder = store / f"{manifest.content_hash()[:16]}-{picture_size}"
    folder.mkdir(parents=True, exist_ok=True)
    examples = []
    for number, row in enumerate(manifest.rows):
        path = folder / f"{number:07d}.npz"
        if not path.exists():
            _decode(reader, manifest, row, path, picture_size)
        examples.append(_example(row, path))
        advance()
    return ExampleSet(manifest.name, tuple(examples), f"{manifest.name}, as listed.")


def _decode(reader: ClipReader, manifest: Manifest, row: Row, path: Path, size: int) -> None:
    clip = reader.read(manifest, row)
    pictures = [cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) for picture in clip.pictures]
    frames = np.stack(pictures) if pictures else np.zeros((0, size, size, 3), np.uint8)
    sound = clip.samples if clip.samples is not None else np.zeros(0, np.float32)
    temporary = path.with_suffix(".writing")
    with open(temporary, "wb") as handle:
        np.savez_compressed(handle, frames=frames, samples=(np.clip(sound, -1, 1) * 32767).astype(np.int16))
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def _example(row: Row, path: Path) -> Example:
    with np.load(path, allow_pickle=False) as archive:
        frames: NDArray[np.uint8] = archive["frames"]
        samples: NDArray[np.float32] = archive["samples"].astype(np.float32) / 32767.0
    labels = np.zeros(NUM_EMOTIONS, np.float32)
    shares = {emotion_index(name): share for name, share in row.labels.items()}
    for column, share in shares.items():
        labels[column] = float(share >= PRESENT_SHARE)
    likeliest = max(shares, key=lambda column: shares[column]) if any(shares.values()) else emotion_index("neutral")
    label = emotion_index(row.label) if row.label else likeliest
    labels[label] = 1.0
    named = SENTIMENTS.get(str(row.extra.get("sentiment", "")).lower(), SENTIMENT_UNKNOWN)
    sentiment = named if row.valence is None else row.valence
    return Example(
        row.id, row.split, label, labels, sentiment, row.speaker, row.group or row.speaker or row.id,
        frames if len(frames) else None, samples if len(samples) else None, row.text,
    )  # fmt: skip
