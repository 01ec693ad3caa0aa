"""Train the starter's reading of words on MELD's official train split: grams of an utterance and of the two before it.

Transcribers differ: Whisper writes marks and capitals, the basic one does not. So every utterance is learned from twice, once as
written and once stripped, at a smaller weight.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import NUM_EMOTIONS, emotion_index
from emoasst_core.encoders.card import Card
from emoasst_core.encoders.word_grams import NUM_BUCKETS, count_grams, is_filler
from emoasst_core.encoders.words import EVIDENCE_SCALE, WEIGHT_FILE, place, weigh
from emoasst_core.errors import ManifestError
from emoasst_core.profile import read_profile
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.bundle import LICENCE, update_profile
from emoasst_core.training.starter.face_tower import EMBED_DIM
from emoasst_core.training.starter.text_tower import plain_text

INVERSE_PENALTY: Final = 0.7  # scikit-learn's C
CLASS_POWER: Final = 0.4  # a class weighs its frequency to the minus this: between as it is (0) and all alike (1)
STRIPPED_SHARE: Final = 0.3
MIN_UTTERANCES: Final = 2  # a rarer gram is left out
MIN_WORDS: Final = 3
FOLDER: Final = "words"  # within the profile
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lines:
    """Utterances with what was said before each, oldest first."""

    texts: tuple[str, ...]
    contexts: tuple[tuple[str, ...], ...]
    labels: NDArray[np.int64]
    dialogues: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def stripped(self) -> Lines:
        """Without marks and capitals, as the basic transcriber writes."""
        return Lines(
            tuple(map(strip, self.texts)), tuple(tuple(map(strip, context)) for context in self.contexts),
            self.labels, self.dialogues,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WordsHead:
    """A trained reading: what `GramsEncoder` loads."""

    weights: Array
    bias: Array
    rarity: Array

    def evidence(self, lines: Lines) -> Array:
        """(n, num_emotions) nats with mean 0 per row."""
        rows = [weigh(text, context, self.rarity) for text, context in zip(lines.texts, lines.contexts, strict=True)]
        logits = np.stack([values @ self.weights[numbers] + self.bias for numbers, values in rows])
        return np.asarray(logits - logits.mean(1, keepdims=True), np.float32)

    def embed(self, lines: Lines) -> Array:
        """(n, embed_dim) unit vectors."""
        anchors, complement = spaces()
        pairs = zip(self.evidence(lines), lines.texts, strict=True)
        return np.stack([place(evidence, text, anchors, complement) for evidence, text in pairs])


def strip(text: str) -> str:
    """Small letters and words only."""
    return " ".join(re.findall(r"\w+(?:'\w+)?", text.lower()))


def load_lines(path: Path) -> Lines:
    """Read one of MELD's official listings with up to two utterances before each in its dialogue.

    Raises:
        ManifestError: there is no such file.
    """
    if not path.exists():
        raise ManifestError(f"{path} is missing.", "Point --data at the folder that holds meld/.")
    with open(path, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    texts = [plain_text(row["Utterance"]) for row in rows]
    spoken: dict[str, list[int]] = {}
    for number in sorted(range(len(rows)), key=lambda row: int(rows[row]["Utterance_ID"])):
        spoken.setdefault(rows[number]["Dialogue_ID"], []).append(number)
    contexts: list[tuple[str, ...]] = [()] * len(rows)
    for numbers in spoken.values():
        for place_, number in enumerate(numbers):
            contexts[number] = tuple(texts[earlier] for earlier in numbers[max(0, place_ - 2) : place_])
    labels = np.array([emotion_index(row["Emotion"]) for row in rows], np.int64)
    return Lines(tuple(texts), tuple(contexts), labels, tuple(row["Dialogue_ID"] for row in rows))


def train_words(data: Path) -> WordsHead:
    """Fit on MELD train; there is one optimum, so no seed and no epochs."""
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    train = load_lines(data / "meld" / "train_sent_emo.csv")
    rarity = _rarity(train)
    grams = vstack([_matrix(train, rarity), _matrix(train.stripped(), rarity)]).tocsr()
    used = np.flatnonzero(rarity)
    frequency = np.bincount(train.labels, minlength=NUM_EMOTIONS) / len(train)
    weight = frequency[train.labels] ** -CLASS_POWER
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=300, tol=1e-3)
    model.fit(grams[:, used], np.tile(train.labels, 2), np.concatenate([weight, STRIPPED_SHARE * weight]))
    weights = np.zeros((NUM_BUCKETS, NUM_EMOTIONS), np.float32)
    weights[used] = model.coef_.T
    halved = weights.astype(np.float16).astype(np.float32)  # as stored, so that figures are those of the file
    return WordsHead(halved, np.asarray(model.intercept_, np.float32), rarity)


def write_words(folder: Path, head: WordsHead) -> None:
    """Save as a model folder of kind "grams"; half precision where a weight does not need more."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    anchors, complement = spaces()
    arrays = {
        "weights": head.weights.astype(np.float16), "bias": head.bias, "rarity": head.rarity.astype(np.float16),
        "anchors": anchors, "complement": complement,
    }  # fmt: skip
    save_file({name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}, folder / WEIGHT_FILE)
    source = "trained on MELD's texts by `emoasst train --recipe starter`"
    Card("starter-words", "grams", source, LICENCE).write(folder)


def add_words(folder: Path, head: WordsHead) -> None:
    """Give a finished profile this reading of words; its calibration of words is to be fitted again."""
    write_words(folder / FOLDER, head)
    zero_shot = {**read_profile(folder).zero_shot, "words": zero_shot_words()}
    update_profile(folder, words=FOLDER, zero_shot=zero_shot)


def spaces() -> tuple[Array, Array]:
    """The anchors, and orthonormal rows at right angles to them."""
    anchors = emotion_anchors(EMBED_DIM)
    _, _, rows = np.linalg.svd(anchors)
    return anchors, np.asarray(rows[NUM_EMOTIONS - 1 :], np.float32)


def answered(lines: Lines) -> NDArray[np.bool_]:
    """(n,) rows that say anything: the others are fillers, which the program does not read."""
    return np.array([not is_filler(text, MIN_WORDS) for text in lines.texts])


def zero_shot_words() -> dict[str, Any]:
    """Scale and bias of the words' comparison with the class prompts: the bias is in the evidence already."""
    return {"scale": EVIDENCE_SCALE, "bias": [0.0] * NUM_EMOTIONS}


def _rarity(lines: Lines) -> Array:
    """(num_buckets,) inverse document frequency over the utterances as written and stripped; 0 for what is too rare."""
    seen = np.zeros(NUM_BUCKETS, np.int64)
    bare = lines.stripped()
    for row in range(len(lines)):
        both = (count_grams(lines.texts[row], lines.contexts[row]), count_grams(bare.texts[row], bare.contexts[row]))
        seen[list({number for blocks in both for counts in blocks.values() for number in counts})] += 1
    rarity = np.where(seen >= MIN_UTTERANCES, np.log((1 + len(lines)) / (1 + seen)) + 1, 0.0)
    return rarity.astype(np.float16).astype(np.float32)


def _matrix(lines: Lines, rarity: Array) -> Any:
    from scipy.sparse import csr_matrix

    rows = [weigh(text, context, rarity) for text, context in zip(lines.texts, lines.contexts, strict=True)]
    bounds = np.concatenate([[0], np.cumsum([len(numbers) for numbers, _ in rows])])
    numbers = np.concatenate([part for part, _ in rows])
    values = np.concatenate([part for _, part in rows])
    return csr_matrix((values, numbers, bounds), shape=(len(lines), NUM_BUCKETS))
