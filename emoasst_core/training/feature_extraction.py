"""Run every clip through the frozen towers, once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ
from emoasst_core.training.clip_reader import Clip, ClipReader
from emoasst_core.training.feature_store import Features, FeatureStore, StoreKey
from emoasst_core.training.manifests.manifest import Manifest, Row
from emoasst_core.training.towers import Towers

STORE_FORMAT = 1
MIN_SOUND_S = 0.1  # shorter sound holds no state


@dataclass(frozen=True, slots=True)
class ExtractionReport:
    """How far extraction is; `remaining_s` is the estimate shown as ETA."""

    num_done: int
    num_rows: int
    num_errors: int
    elapsed_s: float
    remaining_s: float


def open_store(root: Path, manifest: Manifest, towers: Towers, reader: ClipReader) -> FeatureStore:
    """The store of these rows, towers and settings, new or as far as it got."""
    settings = json.dumps({**reader.settings, "format": STORE_FORMAT}, sort_keys=True)
    preprocessing = hashlib.sha256(settings.encode()).hexdigest()
    return FeatureStore(root, StoreKey(towers.encoder_hash, preprocessing, manifest.content_hash()), towers.widths)


def extract_features(
    manifest: Manifest,
    towers: Towers,
    store: FeatureStore,
    reader: ClipReader,
    report: Callable[[ExtractionReport], None] | None = None,
) -> None:
    """Fill the store to the last row of the manifest. Rows it already holds are not decoded again.

    A clip that cannot be read leaves a row without frames and sound, with its reason in `store.errors`; its texts stay.
    """
    started, first = time.monotonic(), len(store)
    with store:
        for number in range(first, len(manifest)):
            row = manifest.rows[number]
            store.append(embed_clip(towers, row, reader.read(manifest, row)))
            if report:
                elapsed = time.monotonic() - started
                done = number + 1 - first
                remaining = elapsed / done * (len(manifest) - number - 1)
                report(ExtractionReport(number + 1, len(manifest), len(store.errors), elapsed, remaining))


def embed_clip(towers: Towers, row: Row, clip: Clip) -> Features:
    """Features of one row: frames (n, d), sound states (t, d_a), texts (1 + m, d): the utterance, then m training prompts."""
    widths = towers.widths
    frames = np.zeros((0, widths["frames"]), np.float16)
    audio = np.zeros((0, widths["audio"]), np.float16)
    if towers.vision is not None and clip.pictures:
        frames = towers.vision.embed(clip.pictures).astype(np.float16)
    if towers.audio is not None and clip.samples is not None and len(clip.samples) >= MIN_SOUND_S * SAMPLE_RATE_HZ:
        audio = towers.audio.states(clip.samples).astype(np.float16)
    texts = (
        [row.text, *towers.prompts.training_prompts(row.label, row.text, speaker_name(row.speaker))] if row.label else [row.text]
    )
    return Features(frames, audio, towers.text.embed(texts).astype(np.float16), clip.error)


def speaker_name(speaker: str) -> str:
    """A name that can stand in a sentence, else "": MELD has "Mark", most other collections only numbers."""
    return speaker if speaker.replace(" ", "").isalpha() else ""
