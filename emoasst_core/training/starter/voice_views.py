"""Changed copies of every training voice, drawn once as pictures and kept on disk: an epoch then costs the network alone.

Speech gets six copies, bursts without words three. Where other talkers are mixed in, they are of the same group as the clip, so
that a run which leaves a group of speakers out has not heard them in the background either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from emoasst_core.atomic_file import replacing
from emoasst_core.encoders.functionals import NUM_FUNCTIONALS, functionals
from emoasst_core.encoders.voice_pictures import HOP_LENGTH, NUM_MELS, NUM_PITCH_ROWS, PITCH_HOP, VoicePictureMaker, VoicePictures
from emoasst_core.evaluation.figures_file import write_json
from emoasst_core.training.starter.voice_augmentation import augment_sound, pad_clips
from emoasst_core.training.starter.voice_data import VoiceSet

NUM_COPIES: Final = 6
NUM_COPIES_OF_BURSTS: Final = 3
BURSTS: Final = "emogator"
NUM_FOLDS: Final = 4
CLIP_SAMPLES: Final = 51_200  # 3.2 s: a length whose Fourier transforms are fast
NUM_FRAMES: Final = 1 + CLIP_SAMPLES // HOP_LENGTH
NUM_PITCH_FRAMES: Final = 1 + CLIP_SAMPLES // PITCH_HOP
BATCH_SIZE: Final = 32
SEED: Final = 500
DESCRIBED_AT_ONCE: Final = 256
SHARED_FRAMES: Final = 16  # lengths are rounded up to this, so that few shapes meet the network


def speaker_folds(voices: VoiceSet) -> NDArray[np.int64]:
    """(num_clips,) 0 to `NUM_FOLDS` - 1: the speakers of each corpus, in order of names, by turns."""
    fold: dict[tuple[str, str], int] = {}
    for corpus in set(voices.corpora):
        names = sorted({name for name, other in zip(voices.speakers, voices.corpora, strict=True) if other == corpus})
        fold |= {(corpus, name): place % NUM_FOLDS for place, name in enumerate(names)}
    return np.array([fold[key] for key in zip(voices.corpora, voices.speakers, strict=True)], np.int64)


@dataclass(frozen=True, slots=True)
class VoiceViews:
    """The kept copies.

    Attributes:
        mels: (num_copies, num_clips, num_mels, `NUM_FRAMES`) float16.
        pitch: (num_copies, num_clips, num_lags + 3, `NUM_PITCH_FRAMES`) float16.
        lengths: (num_copies, num_clips) frames with sound; 0 where a clip has no such copy.
    """

    mels: NDArray[np.float16]
    pitch: NDArray[np.float16]
    lengths: NDArray[np.int16]

    def pictures(self, rows: NDArray[np.int64], generator: torch.Generator) -> VoicePictures:
        """One copy, drawn at random, of each of the clips."""
        counts = (self.lengths[:, rows] > 0).sum(0)
        copies = (torch.rand(len(rows), generator=generator).numpy() * counts).astype(int)
        return self.of(copies, rows)

    def of(self, copies: NDArray[np.int64], rows: NDArray[np.int64]) -> VoicePictures:
        """The given copy of each of the clips."""
        lengths = self.lengths[copies, rows].astype(np.int64)
        longest = min(NUM_FRAMES, -(-int(lengths.max()) // SHARED_FRAMES) * SHARED_FRAMES)
        mels = _stacked(self.mels, copies, rows, longest)
        pitch = _stacked(self.pitch, copies, rows, (longest + 1) // 2)
        mask = torch.arange(longest)[None] < torch.from_numpy(lengths)[:, None]
        return VoicePictures(mels, pitch[:, :-3], pitch[:, -3:], mask)


def copies_described(views: VoiceViews, folder: Path) -> NDArray[np.float32]:
    """(num_copies, num_clips, num_functionals) functionals of every copy; 0 where a clip has no such copy. Kept in `folder`."""
    path = folder / "functionals.npy"
    if path.exists() and (kept := np.load(path)).shape[:2] == views.lengths.shape:
        return np.asarray(kept, np.float32)
    result = np.zeros((*views.lengths.shape, NUM_FUNCTIONALS), np.float32)
    for copy, lengths in enumerate(views.lengths):
        present = np.flatnonzero(lengths)
        for start in range(0, len(present), DESCRIBED_AT_ONCE):
            rows = present[start : start + DESCRIBED_AT_ONCE]
            result[copy, rows] = functionals(views.of(np.full(len(rows), copy), rows)).numpy()
    with replacing(path) as partial, open(partial, "wb") as handle:
        np.save(handle, result)
    return result


def load_views(voices: VoiceSet, folder: Path, tick: Callable[[int, int], None] = lambda _done, _all: None) -> VoiceViews:
    """Draw the copies, or open those that an earlier call has drawn; a call that was stopped goes on with the copy it was at.

    Args:
        voices: the training clips.
        folder: for the copies, about 60 KB per clip and copy.
        tick: called with clips done and clips in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / "views.json"
    wanted = {"num_clips": len(voices), "num_copies": NUM_COPIES, "seed": SEED}
    state: dict[str, Any] = json.loads(state_file.read_text("utf-8")) if state_file.exists() else {}
    if {name: state.get(name) for name in wanted} != wanted:
        state = {**wanted, "copies_done": 0}
    mode = "r+" if state["copies_done"] else "w+"
    shape = (NUM_COPIES, len(voices))
    mels = np.lib.format.open_memmap(folder / "mels.npy", mode, np.float16, (*shape, NUM_MELS, NUM_FRAMES))
    pitch = np.lib.format.open_memmap(folder / "pitch.npy", mode, np.float16, (*shape, NUM_PITCH_ROWS, NUM_PITCH_FRAMES))
    lengths = np.lib.format.open_memmap(folder / "lengths.npy", mode, np.int16, shape)
    maker, folds, done = VoicePictureMaker(), speaker_folds(voices), 0
    for copy in range(NUM_COPIES):
        generator = torch.Generator().manual_seed(SEED + copy)
        for rows in _batches(voices, folds, copy, generator):
            if copy >= state["copies_done"]:
                _draw(voices, rows, maker, generator, (mels[copy], pitch[copy], lengths[copy]))
            done += len(rows)
            tick(done, NUM_COPIES * len(voices))
        if copy >= state["copies_done"]:
            for array in (mels, pitch, lengths):
                array.flush()
            state["copies_done"] = copy + 1
            write_json(state_file, state)
    return VoiceViews(mels, pitch, lengths)


def _batches(voices: VoiceSet, folds: NDArray[np.int64], copy: int, generator: torch.Generator) -> Iterator[NDArray[np.int64]]:
    """Clips of one group at a time; EMO-DB is a group of its own, as it is left out whole once."""
    corpora = np.array(voices.corpora)
    wanted = (corpora != BURSTS) | (copy < NUM_COPIES_OF_BURSTS)
    groups = folds + NUM_FOLDS * (corpora == "emodb")
    for group in sorted(set(groups.tolist())):
        rows = np.flatnonzero(wanted & (groups == group))
        order = rows[torch.randperm(len(rows), generator=generator).numpy()]
        yield from (order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE))


def _draw(
    voices: VoiceSet, rows: NDArray[np.int64], maker: VoicePictureMaker, generator: torch.Generator,
    kept: tuple[NDArray[np.float16], NDArray[np.float16], NDArray[np.int16]],
) -> None:  # fmt: skip
    samples, mask = pad_clips([voices.clip(int(row)) for row in rows], CLIP_SAMPLES, generator)
    pictures = maker(*augment_sound(samples, mask, generator))
    mels, pitch, lengths = kept
    mels[rows] = pictures.mels.numpy()
    pitch[rows] = torch.cat([pictures.lags, pictures.pitch], 1).numpy()
    lengths[rows] = pictures.mask.sum(1).numpy()


def _stacked(values: NDArray[np.float16], copies: NDArray[np.int64], rows: NDArray[np.int64], count: int) -> torch.Tensor:
    parts = [values[copy, row, :, :count] for copy, row in zip(copies, rows, strict=True)]
    return torch.from_numpy(np.stack(parts).astype(np.float32))
