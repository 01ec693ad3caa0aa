"""Train the starter's text tower: emotion prompts must land on the emotion anchors, MELD utterances near them.

One tower serves both uses: class prompts give the text weights that faces and voices are compared with, and a
transcript gives the words' own embedding.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports
from emoasst_core.errors import ManifestError
from emoasst_core.evaluation.metrics import accuracy, macro_f1, weighted_f1
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.face_tower import EMBED_DIM, STARTER_MODEL_CFG
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

CONTEXT_LENGTH = STARTER_MODEL_CFG["text_cfg"]["context_length"]
BATCH_SIZE = 96
PROMPTS_PER_BATCH = 32
TOKEN_DROPOUT = 0.2
HIDDEN_TOKEN = 268  # the token of "!" with a space: stands for a hidden word, so no new vocabulary is needed
# Windows quotation marks, dashes and dots, in both of the codings that MELD's listings mix.
PLAIN_CHARACTERS = {
    **dict.fromkeys("\u2018\u2019\u0091\u0092", "'"),
    **dict.fromkeys("\u201c\u201d\u0093\u0094", '"'),
    **dict.fromkeys("\u2013\u2014\u0096\u0097", "-"),
    **dict.fromkeys("\u2026\u0085", "..."),
    "\xa0": " ",
}
NAMES = ("Anna", "Ben", "Mum", "Dad", "Grandma", "the teacher", "my brother", "a friend", "the man", "the woman")


@dataclass(frozen=True, slots=True)
class WordSet:
    """Utterances with one label each; `group` is the dialogue, the unit of the bootstrap."""

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def load_meld(path: Path) -> WordSet:
    """Read one of MELD's official text listings (Windows quotation marks and dashes made plain)."""
    if not path.exists():
        raise ManifestError(f"{path} is missing.", "Point --data at the folder that holds meld/.")
    with open(path, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    texts = tuple(plain_text(row["Utterance"]) for row in rows)
    labels = np.array([emotion_index(row["Emotion"]) for row in rows], np.int64)
    return WordSet(texts, labels, tuple(row["Dialogue_ID"] for row in rows))


def plain_text(text: str) -> str:
    """Curly quotes, long dashes and odd spaces to plain ones: a transcriber writes none of them."""
    table = str.maketrans(PLAIN_CHARACTERS)
    return " ".join(text.translate(table).split())


class TextTower(nn.Module):
    """open_clip's text transformer as the bundle's configuration builds it."""

    anchors: Tensor

    def __init__(self) -> None:
        super().__init__()
        ensure_torchvision_imports()
        import open_clip

        self.clip = open_clip.CLIP(**STARTER_MODEL_CFG)
        self.clip.visual = nn.Identity()
        nn.init.normal_(self.clip.token_embedding.weight, std=0.02)
        self.log_scale = nn.Parameter(torch.tensor(2.0))
        self.words_bias = nn.Parameter(torch.zeros(len(EMOTIONS)))
        self.register_buffer("anchors", torch.from_numpy(emotion_anchors(EMBED_DIM)), persistent=False)

    def embed(self, tokens: Tensor) -> Tensor:
        """(b, context_length) token numbers -> (b, embed_dim) unit vectors."""
        result: Tensor = F.normalize(self.clip.encode_text(tokens).float(), dim=-1)
        return result

    def logits(self, embeddings: Tensor) -> Tensor:
        """Scaled cosines to the anchors."""
        result: Tensor = self.log_scale.exp() * embeddings @ self.anchors.T
        return result


class WordBatches:
    """Utterances with hidden words, and emotion prompts made around other utterances."""

    def __init__(self, words: WordSet, tokens: Tensor, prompts: Prompts, tokenize: Any, generator: torch.Generator) -> None:
        self.words, self.tokens, self.prompts, self.tokenize = words, tokens, prompts, tokenize
        self.generator = generator
        frequency = np.bincount(words.labels, minlength=len(EMOTIONS)) / len(words)
        weights = torch.from_numpy(frequency[words.labels] ** -0.25)
        self.order = torch.multinomial(weights, len(words), replacement=True, generator=generator).numpy()

    def __len__(self) -> int:
        return len(self.order) // BATCH_SIZE

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        rng = random.Random(int(torch.randint(0, 2**31, (1,), generator=self.generator)))
        for start in range(0, len(self) * BATCH_SIZE, BATCH_SIZE):
            rows = self.order[start : start + BATCH_SIZE]
            tokens = self.tokens[torch.from_numpy(rows)]
            hidden = torch.rand(tokens.shape, generator=self.generator) < TOKEN_DROPOUT
            hidden &= (tokens > 0) & (tokens < 49406)  # never the start and end tokens
            emotions = [rng.randrange(len(EMOTIONS)) for _ in range(PROMPTS_PER_BATCH)]
            texts = [self._prompt(EMOTIONS[column], rng) for column in emotions]
            yield (
                tokens.masked_fill(hidden, HIDDEN_TOKEN), torch.from_numpy(self.words.labels[rows]),
                self.tokenize(texts), torch.tensor(emotions),
            )  # fmt: skip

    def _prompt(self, emotion: str, rng: random.Random) -> str:
        if rng.random() < 0.4:
            return rng.choice(self.prompts.class_prompts(emotion))
        utterance = " ".join(rng.choice(self.words.texts).split()[:8])
        return self.prompts.training_prompt(emotion, utterance, rng.choice(NAMES), rng)


def train_text(
    data: Path, prompts: Prompts, checkpoint: Path, num_epochs: int = 10, seed: int = 0, report: Report | None = None
) -> TextTower:
    """Fit the tower on MELD's official train split and the prompts; the best epoch on the dev split is kept."""
    ensure_torchvision_imports()
    import open_clip

    tokenize = open_clip.SimpleTokenizer(context_length=CONTEXT_LENGTH)
    train, dev = load_meld(data / "meld" / "train_sent_emo.csv"), load_meld(data / "meld" / "dev_sent_emo.csv")
    tokens = tokenize(list(train.texts))
    torch.manual_seed(seed)
    tower = TextTower()
    trainer = Trainer(tower, TrainerOptions(num_epochs, 8e-4, 0.1, 1.0, 0.99, 1.0, seed=seed), checkpoint)
    trainer.fit(
        lambda _epoch, generator: WordBatches(train, tokens, prompts, tokenize, generator),
        text_loss,
        lambda module: score_words(module, dev, tokenize, prompts),
        report,
    )
    return tower


def text_loss(tower: nn.Module, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    """Cross entropy of both kinds of text; prompts are also pulled onto their anchors."""
    assert isinstance(tower, TextTower)
    word_tokens, word_labels, prompt_tokens, prompt_labels = batch
    embeddings = tower.embed(torch.cat([word_tokens, prompt_tokens]))
    words, prompts = embeddings[: len(word_tokens)], embeddings[len(word_tokens) :]
    loss = F.cross_entropy(tower.logits(words) + tower.words_bias, word_labels, label_smoothing=0.1)
    alignment = (1 - (prompts * tower.anchors[prompt_labels]).sum(-1)).mean()
    total: Tensor = loss + F.cross_entropy(tower.logits(prompts), prompt_labels) + 2 * alignment
    return total


def predict_words(tower: TextTower, texts: tuple[str, ...], tokenize: Any) -> NDArray[np.float32]:
    """(n, num_emotions) logits of utterances."""
    rows = [tower.logits(tower.embed(tokenize(list(texts[s : s + 256])))) + tower.words_bias for s in range(0, len(texts), 256)]
    return torch.cat(rows).detach().numpy()


def score_words(tower: nn.Module, dev: WordSet, tokenize: Any, prompts: Prompts) -> dict[str, float]:
    """Weighted F1 on the dev split, and how well the class prompts lie on their anchors."""
    assert isinstance(tower, TextTower)
    predictions = predict_words(tower, dev.texts, tokenize).argmax(1)
    cosines = [
        float((tower.embed(tokenize(prompts.class_prompts(name))) @ tower.anchors[column]).mean())
        for column, name in enumerate(EMOTIONS)
    ]
    score = weighted_f1(dev.labels, predictions)
    return {
        "weighted_f1": score, "macro_f1": macro_f1(dev.labels, predictions), "accuracy": accuracy(dev.labels, predictions),
        "prompt_cosine": min(cosines), "score": score + 0.2 * min(cosines),
    }  # fmt: skip
