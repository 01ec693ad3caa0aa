"""The personal memory that a model ships with: constants, class means and exemplars of the people it was trained on.

    emoasst train --recipe memory --data FOLDER --out PROFILE

reads training clips through the finished profile, so that keys and exemplars come from the very same towers.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from emoasst_core.capture.media_file import load_sound
from emoasst_core.classifier.memory_constants import MemoryConstants, ModalityConstants
from emoasst_core.classifier.source_clips import SourceClips, save_source
from emoasst_core.datatypes import Modality, Vector
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS, emotion_index
from emoasst_core.recogniser import Recogniser
from emoasst_core.training.starter.bundle import update_profile
from emoasst_core.training.starter.face_data import load_ferplus
from emoasst_core.training.starter.voice_data import VALID_SPEAKERS

CLIPS_PER_EMOTION: Final = 200
SOURCE_FILE: Final = "memory/source.safetensors"  # below a folder, so that the hash of the encoders does not cover it
SPEECH: Final = ("ravdess", "emodb", "nemo")
CONSTANTS: Final = MemoryConstants(
    {
        Modality.FACE: ModalityConstants(style_variance=0.1, alpha=0.0),
        Modality.VOICE: ModalityConstants(style_variance=0.2, alpha=3.0),
        Modality.WORDS: ModalityConstants(style_variance=0.1, alpha=0.0),
    }
)
Say = Callable[[str], None]
Rows = tuple[list[Vector], list[int], list[str]]


def add_memory(folder: Path, data: Path, report: Say = print, seed: int = 0) -> None:
    """Give a finished profile its memory, from the training sides of the starter's data.

    Args:
        folder: the profile; its towers, heads and calibration must be in place.
        data: folder that holds faces/, speech/ and meld/.
        report: called with one line of text now and then.
    """
    update_profile(folder, memory={})  # what an older version has left there may not open
    recogniser = Recogniser(folder)
    rng = np.random.default_rng(seed)
    sources = {}
    for modality, collect in ((Modality.FACE, _faces), (Modality.VOICE, _voices), (Modality.WORDS, _words)):
        embeddings, labels, people = collect(recogniser, data, rng)
        report(f"  {modality.value}: {len(labels)} training clips")
        speakers = people if any(people) else None
        sources[modality] = SourceClips.choose(np.array(embeddings), labels, recogniser.text_weights, speakers, seed)
    write_memory(folder, sources, recogniser.text_weights)


def write_memory(
    folder: Path,
    sources: Mapping[Modality, SourceClips],
    text_weights: ArrayLike,
    constants: MemoryConstants = CONSTANTS,
    mode: str = "personal",
) -> None:
    """Write the source clips beside the profile, and the constants into it."""
    save_source(folder / SOURCE_FILE, text_weights, sources)
    update_profile(folder, memory={"mode": mode, "source": SOURCE_FILE, "constants": constants.as_dict()})


def _faces(recogniser: Recogniser, data: Path, rng: np.random.Generator) -> Rows:
    """Pictures with a clear majority; nobody knows who is on them."""
    faces = load_ferplus(data / "faces" / "ferplus_train.npz", False)
    rows = _some_of_each(np.where(faces.clear, faces.labels, -1), rng)
    embeddings = []
    for row in rows:
        picture = np.repeat(faces.images[row][:, :, None], 3, axis=2)
        frames = recogniser.embed_crops([picture])
        embeddings.append(recogniser.embed_video(np.repeat(frames, recogniser.config.num_frames, axis=0)))
    return embeddings, faces.labels[rows].tolist(), [""] * len(rows)


def _voices(recogniser: Recogniser, data: Path, rng: np.random.Generator) -> Rows:
    """Speech of the training speakers."""
    listed = []
    for corpus in SPEECH:
        listed += [(row["path"], row["emotion"], row["speaker"]) for row in _listing(data / "speech" / f"{corpus}.csv")]
    known = [row for row in listed if row[1] in EMOTIONS and row[2] not in VALID_SPEAKERS]
    labels = np.array([emotion_index(emotion) for _, emotion, _ in known])
    rows, embeddings, kept = _some_of_each(labels, rng), [], []
    for row in rows:
        embedding = recogniser.embed_voice(load_sound(data / "speech" / known[row][0]))
        if embedding is not None:
            embeddings.append(embedding)
            kept.append(row)
    return embeddings, labels[kept].tolist(), [known[row][2] for row in kept]


def _words(recogniser: Recogniser, data: Path, rng: np.random.Generator) -> Rows:
    """Utterances of MELD's train split."""
    listed = list(_listing(data / "meld" / "train_sent_emo.csv"))
    names = [row["Emotion"].lower() for row in listed]
    labels = np.array([emotion_index(name) if name in EMOTIONS else -1 for name in names])
    rows, embeddings, kept = _some_of_each(labels, rng), [], []
    for row in rows:
        embedding = recogniser.embed_words(listed[row]["Utterance"])
        if embedding is not None:
            embeddings.append(embedding)
            kept.append(row)
    return embeddings, labels[kept].tolist(), [listed[row]["Speaker"] for row in kept]


def _some_of_each(labels: Any, rng: np.random.Generator) -> list[int]:
    """Rows of at most `CLIPS_PER_EMOTION` clips of every emotion; a label of -1 is none."""
    chosen: list[int] = []
    for column in range(NUM_EMOTIONS):
        chosen += rng.permutation(np.flatnonzero(labels == column))[:CLIPS_PER_EMOTION].tolist()
    return chosen


def _listing(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
