"""The four speech collections of the starter: decoded once to 16 kHz, with speakers for splitting."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_file import load_sound
from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.errors import ManifestError, MediaError
from emoasst_core.windows.silence import trim_silence

CORPORA = ("ravdess", "emodb", "nemo", "emogator")
VALID_SPEAKERS = ("ravdess_19", "ravdess_20")
INT16_SCALE = 32767.0


@dataclass(frozen=True, slots=True)
class VoiceSet:
    """Clips of speech with one label each.

    Attributes:
        samples: one (n,) int16 array per clip, 16 kHz.
        labels: (num_clips,) emotion columns.
        speakers, corpora: one name per clip.
        num_errors: clips that could not be decoded; they are counted, not replaced.
    """

    samples: tuple[NDArray[np.int16], ...]
    labels: NDArray[np.int64]
    speakers: tuple[str, ...]
    corpora: tuple[str, ...]
    num_errors: int = 0

    def __len__(self) -> int:
        return len(self.samples)

    def where(self, chosen: Callable[[str, str], bool]) -> VoiceSet:
        """The clips whose (speaker, corpus) is chosen."""
        return self.rows([row for row in range(len(self)) if chosen(self.speakers[row], self.corpora[row])])

    def rows(self, numbers: Sequence[int] | NDArray[np.int64]) -> VoiceSet:
        """Those clips, in that order."""
        return VoiceSet(
            tuple(self.samples[row] for row in numbers),
            self.labels[numbers],
            tuple(self.speakers[row] for row in numbers),
            tuple(self.corpora[row] for row in numbers),
        )

    def clip(self, row: int) -> NDArray[np.float32]:
        """(n,) float32 in [-1, 1], without the silence at both ends (live speech comes cut to the voice, too)."""
        samples = trim_silence(self.samples[row])
        return samples.astype(np.float32) / INT16_SCALE


def load_voices(folder: Path, store: Path, corpora: tuple[str, ...] = CORPORA) -> VoiceSet:
    """Read every clip with one of the seven emotions (calm and boredom are other things and are left out).

    Args:
        folder: holds one csv and one folder of sound files per corpus.
        store: an .npz written at the first call and read at later ones.

    Raises:
        ManifestError: a listing is missing.
    """
    if not store.exists():
        _decode_all(folder, store)
    with np.load(store, allow_pickle=False) as archive:
        flat, bounds, labels = archive["flat"], archive["bounds"], archive["labels"]
        speakers, names = archive["speakers"].tolist(), archive["corpora"].tolist()
        num_errors = int(archive["num_errors"])
    clips = tuple(flat[start:end] for start, end in pairwise(bounds))
    everything = VoiceSet(clips, labels, tuple(speakers), tuple(names), num_errors)
    return everything if corpora == CORPORA else everything.where(lambda _speaker, corpus: corpus in corpora)


def _decode_all(folder: Path, store: Path) -> None:
    clips: list[NDArray[np.int16]] = []
    labels, speakers, corpora = [], [], []
    num_errors = 0
    for corpus in CORPORA:
        listing = folder / f"{corpus}.csv"
        if not listing.exists():
            raise ManifestError(f"{listing} is missing.", "Point --data at the folder that holds speech/.")
        with open(listing, encoding="utf-8", newline="") as handle:
            rows = [row for row in csv.DictReader(handle) if row["emotion"] in EMOTIONS]
        for row in rows:
            try:
                sound = load_sound(folder / row["path"])
            except MediaError:
                num_errors += 1
                continue
            clips.append((np.clip(sound, -1, 1) * INT16_SCALE).astype(np.int16))
            labels.append(emotion_index(row["emotion"]))
            speakers.append(row["speaker"])
            corpora.append(corpus)
    bounds = np.concatenate([[0], np.cumsum([len(clip) for clip in clips])])
    store.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        store, flat=np.concatenate(clips), bounds=bounds, labels=np.array(labels, np.int64),
        speakers=np.array(speakers), corpora=np.array(corpora), num_errors=num_errors,
    )  # fmt: skip
