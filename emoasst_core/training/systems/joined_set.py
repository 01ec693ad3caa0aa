"""Real faces, voices and words, joined by emotion: a synthetic set for comparing systems where no film may be used.

A voice (RAVDESS, acted) is joined with the photograph of a stranger (FER+, CK+) and with a television line (MELD) of the same
emotion. So no modality contradicts another more often than its own label is wrong, nothing is shared between the persons of one
row, and figures are higher than on films of real conversations. Each actor has photographs and lines of their own, so whoever
splits by actor splits all three.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS, emotion_index
from emoasst_core.errors import ManifestError
from emoasst_core.training.starter.face_data import FaceSet, join, load_ckplus, load_ferplus
from emoasst_core.training.starter.text_tower import plain_text
from emoasst_core.training.systems.examples import Example, ExampleSet

NUM_FRAMES: Final = 8
DEV_ACTORS: Final = ("ravdess_17", "ravdess_18")
TEST_ACTORS: Final = ("ravdess_19", "ravdess_20")  # the only ones that the bundled starter has not heard
ACTORS_PER_SESSION: Final = 4
PRESENT_SHARE: Final = 0.2  # two of ten people named the emotion
MIN_LINE_WORDS: Final = 2
DRAWS: Final = {"train": 2, "dev": 3, "test": 3}
SENTIMENTS: Final = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
NOTE: Final = (
    "Synthetic: RAVDESS voices, FER+ and CK+ photographs (short sequences made of single pictures) and MELD lines, joined by "
    "emotion; the three are of different people."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript."""

    text: str
    label: int
    sentiment: float
    group: str


def load_joined_set(data: Path, store: Path, seed: int = 0) -> ExampleSet:
    """Join the data.

    Args:
        data: folder with faces/, speech/ and meld/.
        store: .npz with the decoded voices; written at the first call.
        seed: of the joining.

    Raises:
        ManifestError: a part is missing.
    """
    clips = load_ravdess(data / "speech", store)
    examples: list[Example] = []
    for split in ("train", "dev", "test"):
        own = [clip for clip in clips if split_of(clip[1]) == split]
        faces, lines = _face_pool(data, split), _line_pool(data, split)
        examples += _join(split, own, faces, lines, np.random.default_rng([seed, len(split)]))
    speakers = sorted({clip[1] for clip in clips})
    sessions = {speaker: f"session {1 + place // ACTORS_PER_SESSION}" for place, speaker in enumerate(speakers)}
    return ExampleSet("joined", tuple(examples), NOTE, sessions)


def split_of(speaker: str) -> str:
    """The split of an actor."""
    return "test" if speaker in TEST_ACTORS else "dev" if speaker in DEV_ACTORS else "train"


Clip = tuple[str, str, int, NDArray[np.float32]]


def load_ravdess(folder: Path, store: Path) -> list[Clip]:
    """(name, speaker, label, samples) of every clip of the seven emotions, silence at its ends taken off."""
    from emoasst_core.windows.silence import trim_silence

    if not store.exists():
        _decode(folder, store)
    with np.load(store, allow_pickle=False) as archive:
        flat, bounds = archive["flat"], archive["bounds"]
        names, speakers, labels = archive["names"].tolist(), archive["speakers"].tolist(), archive["labels"].tolist()
    clips = []
    for name, speaker, label, start, end in zip(names, speakers, labels, bounds[:-1], bounds[1:], strict=True):
        samples = trim_silence(flat[start:end]).astype(np.float32) / 32767.0
        clips.append((str(name), str(speaker), int(label), samples))
    return clips


def _decode(folder: Path, store: Path) -> None:
    from emoasst_core.capture.media_file import load_sound

    listing = folder / "ravdess.csv"
    if not listing.exists():
        raise ManifestError(f"{listing} is missing.", "Point --data at the folder that holds faces/, speech/ and meld/.")
    with open(listing, encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["emotion"] in EMOTIONS]
    sounds = [(np.clip(load_sound(folder / row["path"]), -1, 1) * 32767).astype(np.int16) for row in rows]
    store.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        store, flat=np.concatenate(sounds), bounds=np.cumsum([0, *map(len, sounds)]),
        names=np.array([Path(row["path"]).stem for row in rows]), speakers=np.array([row["speaker"] for row in rows]),
        labels=np.array([emotion_index(row["emotion"]) for row in rows]),
    )  # fmt: skip


def _face_pool(data: Path, split: str) -> FaceSet:
    """Photographs of one split. Towers are pre-trained on the even ones of train (see `small_clip`), rows use the odd ones."""
    if split == "train":
        pool = clear_faces(load_ferplus(data / "faces" / "ferplus_train.npz", use_old_labels=False))
        pool = take_faces(pool, np.arange(1, len(pool), 2))
        return join([pool, load_ckplus(data / "faces" / "ckplus48.npz", held_out=False)])
    pool = clear_faces(load_ferplus(data / "faces" / "ferplus_valid.npz", use_old_labels=False))
    held = load_ckplus(data / "faces" / "ckplus48.npz", held_out=True)
    half = int(split == "test")
    middle = len(held) // 2  # neighbours are of one subject
    own = np.arange(middle, len(held)) if half else np.arange(middle)
    return join([take_faces(pool, np.arange(half, len(pool), 2)), take_faces(held, own)])


def clear_faces(faces: FaceSet) -> FaceSet:
    """The photographs that more than half of the people agreed about."""
    return take_faces(faces, np.flatnonzero(faces.clear))


def take_faces(faces: FaceSet, rows: NDArray[np.integer[Any]]) -> FaceSet:
    """Some of the photographs."""
    return FaceSet(faces.images[rows], faces.targets[rows], faces.weights[rows], faces.clear[rows])


def _line_pool(data: Path, split: str) -> list[Line]:
    """Lines of one split, by dialogue: odd dialogues of MELD's train for training, its dev for choosing and scoring."""
    lines = load_lines(data / "meld" / f"{'train' if split == 'train' else 'dev'}_sent_emo.csv")
    kept = {"train": 1, "dev": 0, "test": 1}[split]
    return [line for line in lines if int(line.group) % 2 == kept]


def load_lines(path: Path) -> list[Line]:
    """MELD's listing with emotion and sentiment."""
    if not path.exists():
        raise ManifestError(f"{path} is missing.", "Point --data at the folder that holds faces/, speech/ and meld/.")
    with open(path, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    lines = [
        Line(plain_text(row["Utterance"]), emotion_index(row["Emotion"]), SENTIMENTS[row["Sentiment"]], row["Dialogue_ID"])
        for row in rows
    ]
    return [line for line in lines if len(line.text.split()) >= MIN_LINE_WORDS]


def _join(split: str, clips: Sequence[Clip], faces: FaceSet, lines: Sequence[Line], rng: np.random.Generator) -> list[Example]:
    actors = sorted({clip[1] for clip in clips})
    face_of = _shares(faces.labels, actors, rng)
    line_of = _shares(np.array([line.label for line in lines]), actors, rng)
    examples = []
    for draw in range(DRAWS[split]):
        for name, speaker, label, samples in clips:
            face, line = face_of(speaker, label), lines[line_of(speaker, label)]
            present = (faces.targets[face] >= PRESENT_SHARE).astype(np.float32)
            present[label] = 1.0
            frames = moving_picture(faces.images[face], NUM_FRAMES, rng)
            examples.append(
                Example(f"{name}/{draw}", split, label, present, line.sentiment, speaker, name, frames, samples, line.text)
            )
    return examples


def _shares(labels: NDArray[np.int64], actors: Sequence[str], rng: np.random.Generator) -> Callable[[str, int], int]:
    """Deal items to actors, emotion by emotion; each call takes an actor's next one, and starts over when they are used up."""
    hands: dict[tuple[str, int], list[int]] = {}
    for label in range(NUM_EMOTIONS):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) < len(actors):
            raise ManifestError(f"There are only {len(rows)} items of {EMOTIONS[label]} for {len(actors)} actors.")
        for place, actor in enumerate(actors):
            hands[actor, label] = rows[place :: len(actors)].tolist()
    used: dict[tuple[str, int], int] = defaultdict(int)

    def take(actor: str, label: int) -> int:
        hand = hands[actor, label]
        used[actor, label] += 1
        return hand[(used[actor, label] - 1) % len(hand)]

    return take


def moving_picture(image: NDArray[np.uint8], num_frames: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A short sequence out of one photograph: the camera drifts by up to two pixels, the light by a tenth.

    Args:
        image: (s, s) uint8, grey.

    Returns:
        (num_frames, s, s, 3) uint8.
    """
    size, margin = image.shape[0], 2
    padded = np.pad(image, margin, mode="edge").astype(np.float32)
    walk = np.clip(np.cumsum(rng.integers(-1, 2, (num_frames, 2)), axis=0), -margin, margin) + margin
    gains = 1.0 + 0.1 * np.sin(np.linspace(0, np.pi, num_frames) * rng.uniform(0.5, 2.0) + rng.uniform(0, 6.3))
    views = [padded[y : y + size, x : x + size] * gain for (y, x), gain in zip(walk, gains, strict=True)]
    grey = np.clip(np.stack(views), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=3)
