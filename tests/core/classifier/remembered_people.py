"""A family to remember: seven class directions, people with an offset of their own, and clips around both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.family_memory import FamilyMemory
from emoasst_core.classifier.memory_constants import MemoryConstants, ModalityConstants
from emoasst_core.classifier.personal_memory import MemoryModel
from emoasst_core.classifier.personal_reading import PersonalReader
from emoasst_core.classifier.source_clips import SourceClips
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality, Query, Shot, Vector
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.fusion import fuse

SIZE = 32
SCALE = 8.0
RELIABILITIES = {Modality.FACE: 0.6, Modality.VOICE: 0.4}
MUM, DAD = "p-00000001", "p-00000002"
CLASSES = np.eye(SIZE)[:NUM_EMOTIONS]
Array = NDArray[np.float64]


def unit(vectors: Array) -> Array:
    result: Array = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return result


def clips(labels: NDArray[np.int64], offset: Array, rng: np.random.Generator, spread: float = 0.16) -> Array:
    """(n, d) unit embeddings of clips of these emotions by a person with this offset."""
    return unit(CLASSES[labels] + offset + spread * rng.normal(size=(len(labels), SIZE)))


def person_offset(rng: np.random.Generator, length: float = 0.9) -> Array:
    """(d,) mostly along the classes, so that it pulls readings towards some of them."""
    direction = rng.normal(size=SIZE)
    direction[:NUM_EMOTIONS] *= 3
    return length * unit(direction)


def memory_model(constants: MemoryConstants | None = None) -> MemoryModel:
    rng = np.random.default_rng(99)
    labels = np.repeat(np.arange(NUM_EMOTIONS), 40)
    people = [clips(labels, person_offset(rng, 0.3), rng) for _ in range(10)]
    source = SourceClips.choose(np.concatenate(people), np.tile(labels, 10), CLASSES, np.repeat(np.arange(10), len(labels)))
    each = ModalityConstants()
    constants = constants or MemoryConstants({Modality.FACE: each, Modality.VOICE: each})
    readers = {
        modality: PersonalReader(ZeroShotHead(CLASSES, SCALE), source, constants.modalities.get(modality, each))
        for modality in RELIABILITIES
    }
    return MemoryModel(readers, constants, Calibration(), RELIABILITIES)


def family(*shots: Shot, constants: MemoryConstants | None = None) -> FamilyMemory:
    memory = FamilyMemory("hash-a", memory_model(constants))
    for shot in shots:
        memory.add(shot)
    return memory


def make_shot(shot_id: int, label: int, keys: dict[Modality, Array], person: str = MUM, **rest: object) -> Shot:
    vectors = {modality: key.astype(np.float32) for modality, key in keys.items()}
    return Shot(np.eye(NUM_EMOTIONS, dtype=np.float32)[label], vectors, "hash-a", person, shot_id, **rest)  # type: ignore[arg-type]


def random_shots(count: int, seed: int = 0, person: str = MUM, first_id: int = 1) -> list[Shot]:
    """Shots of one person, some with a face, some with a voice, most with both."""
    rng = np.random.default_rng(seed)
    offset = person_offset(rng)
    labels = rng.integers(0, NUM_EMOTIONS, count)
    faces, voices = clips(labels, offset, rng), clips(labels, -offset, rng)
    shots = []
    for row, label in enumerate(labels):
        keys = {Modality.FACE: faces[row], Modality.VOICE: voices[row]}
        if row % 5 == 1:
            del keys[Modality.FACE]
        if row % 5 == 2:
            del keys[Modality.VOICE]
        shots.append(make_shot(first_id + row, int(label), keys, person))
    return shots


def query_of(*modalities: Modality, seed: int = 5) -> Query:
    rng = np.random.default_rng(seed)
    vectors: dict[Modality, Vector] = {modality: unit(rng.normal(size=SIZE)).astype(np.float32) for modality in modalities}
    return fuse(vectors, RELIABILITIES)
