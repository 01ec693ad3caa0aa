"""Can a label reach the Visual Fusion Module through its queries? The faces are noise, so nothing else could carry it."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.emoasst.supcon_loss import info_nce_loss
from emoasst_core.emoasst.visual_fusion_module import VisualFusionModule
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.errors import EmoAsstError
from emoasst_core.paths import assets_folder

EMBED_DIM, NUM_FRAMES, BATCH_SIZE, NUM_STEPS, NUM_TEST = 32, 4, 64, 120, 2000
CLASS_SHARES = (0.48, 0.15, 0.08, 0.13, 0.02, 0.11, 0.03)  # about those of a sitcom: neutral is the majority
SENTENCES = ("I told you so.", "Where is my coat?", "We met at the station.", "It was on the table.", "You saw the letter.")
SCALE = 1 / 0.07

QueryText = Callable[[Tensor, random.Random], Tensor]


@lru_cache
def word_direction(word: str) -> NDArray[np.float64]:
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=EMBED_DIM)


def embed_texts(texts: Sequence[str]) -> NDArray[np.float32]:
    """A frozen text tower in small: every word is a fixed random direction, a text the sum of its words."""
    rows = []
    for text in texts:
        words = text.lower().replace(".", "").replace("?", "").split()
        rows.append(sum(word_direction(word) for word in words))
    vectors = np.array(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


PROMPTS = Prompts.load(assets_folder() / "prompts.toml")
CLASS_TEXT = torch.from_numpy(PROMPTS.class_features(embed_texts))


def draw_labels(count: int, generator: torch.Generator) -> Tensor:
    return torch.multinomial(torch.tensor(CLASS_SHARES), count, replacement=True, generator=generator)


def noise(count: int, generator: torch.Generator) -> Tensor:
    return F.normalize(torch.randn(count, NUM_FRAMES, EMBED_DIM, generator=generator), dim=-1)


def class_queries(labels: Tensor, rng: random.Random) -> Tensor:
    return CLASS_TEXT


def paper_queries(is_training: bool) -> QueryText:
    def texts(labels: Tensor, rng: random.Random) -> Tensor:
        said = [(EMOTIONS[label], rng.choice(SENTENCES)) for label in labels.tolist()]
        asked = [PROMPTS.training_prompt(name, text, "Ross", rng) if is_training else text for name, text in said]
        return torch.from_numpy(embed_texts(asked)).unsqueeze(1)

    return texts


def train(queries: str, query_text: QueryText, contrastive: bool) -> VisualFusionModule:
    torch.manual_seed(0)
    generator, rng = torch.Generator().manual_seed(0), random.Random(0)
    module = VisualFusionModule(EMBED_DIM, 4, 64, queries=queries, num_frames=NUM_FRAMES)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, weight_decay=0.01)
    for _ in range(NUM_STEPS):
        labels = draw_labels(BATCH_SIZE, generator)
        embedded = module.embed(noise(BATCH_SIZE, generator), query_text(labels, rng))
        if contrastive:
            loss = info_nce_loss(embedded, CLASS_TEXT[labels], labels)
        else:
            loss = F.cross_entropy(SCALE * embedded @ CLASS_TEXT.T, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return module.eval()


def points_above_majority(module: VisualFusionModule, query_text: QueryText) -> float:
    """Accuracy on fresh noise, less that of always naming the most frequent emotion, in percentage points."""
    generator, rng = torch.Generator().manual_seed(1), random.Random(1)
    labels = draw_labels(NUM_TEST, generator)
    with torch.inference_mode():
        predictions = (module.embed(noise(NUM_TEST, generator), query_text(labels, rng)) @ CLASS_TEXT.T).argmax(1)
    majority = labels.bincount().max() / NUM_TEST
    return 100 * float((predictions == labels).float().mean() - majority)


@pytest.fixture(scope="module")
def trained_with_class_queries() -> VisualFusionModule:
    return train("class", class_queries, contrastive=False)


@pytest.fixture(scope="module")
def trained_with_paper_queries() -> VisualFusionModule:
    return train("paper", paper_queries(is_training=True), contrastive=False)


def test_with_class_queries_and_faces_of_noise_accuracy_stays_at_the_majority(
    trained_with_class_queries: VisualFusionModule,
) -> None:
    assert abs(points_above_majority(trained_with_class_queries, class_queries)) <= 3


def test_the_same_check_fails_for_the_papers_queries_which_carry_the_answer(
    trained_with_paper_queries: VisualFusionModule,
) -> None:
    assert points_above_majority(trained_with_paper_queries, paper_queries(is_training=True)) > 30


def test_what_the_paper_learned_from_the_answer_misleads_it_in_use(trained_with_paper_queries: VisualFusionModule) -> None:
    """In use the query is the utterance: the copied answer is gone, and not even the majority is found any more."""
    assert points_above_majority(trained_with_paper_queries, paper_queries(is_training=False)) < -3


def test_the_contrastive_loss_of_the_paper_copies_the_answer_too() -> None:
    module = train("paper", paper_queries(is_training=True), contrastive=True)
    assert points_above_majority(module, paper_queries(is_training=True)) > 30


def test_the_contrastive_loss_finds_nothing_above_the_majority_with_class_queries() -> None:
    """InfoNCE compares within the batch and so learns no class shares: with nothing to see it may stay below the majority."""
    module = train("class", class_queries, contrastive=True)
    assert points_above_majority(module, class_queries) <= 3


def test_class_queries_cannot_take_the_answer_even_if_it_is_handed_to_them() -> None:
    labels = torch.arange(NUM_EMOTIONS)
    module = VisualFusionModule(EMBED_DIM, 4, 64)
    with pytest.raises(EmoAsstError, match="the same for every clip"):
        module(noise(NUM_EMOTIONS, torch.Generator()), CLASS_TEXT[labels].unsqueeze(1).expand(-1, 7, -1))
