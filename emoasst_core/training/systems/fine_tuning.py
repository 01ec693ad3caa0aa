"""Fine-tune one transformer on one modality, and read features with it: fitted, or out of fold."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.evaluation.metrics import accuracy
from emoasst_core.systems.transformer_svm.encoders import FineTuned
from emoasst_core.training.systems.token_batches import RowBatches
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

READ_BATCH: Final = 64
Rows = NDArray[np.int64]
Answer = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one modality is fine-tuned.

    Attributes:
        learning_rate, batch_size, num_epochs, weight_decay: of AdamW.
        mirror: show half of the clips mirrored (pictures only).
    """

    learning_rate: float
    batch_size: int
    num_epochs: int
    weight_decay: float = 0.01
    mirror: bool = False


FULL: Final = {
    "words": Recipe(2e-5, 32, 20), "voice": Recipe(3e-5, 8, 15), "face": Recipe(5e-5, 8, 10, mirror=True),
}  # fmt: skip
SMALL: Final = {
    "words": Recipe(1e-3, 32, 5), "voice": Recipe(1e-3, 32, 12), "face": Recipe(1e-3, 32, 3, mirror=True),
}  # fmt: skip


AST: Final = "audio-spectrogram-transformer"
AST_EPOCHS: Final = 30  # at full size; twice those of wav2vec 2.0 and HuBERT


def recipes_of(size: str, speech_kind: str, num_epochs: int = 0) -> dict[str, Recipe]:
    """{modality: how it is fine-tuned}; at full size as printed.

    Args:
        size: "small" or "full".
        speech_kind: AST is trained for longer than the other speech models.
        num_epochs: of every modality, where somebody asks for it; 0 for each one's own.
    """
    recipes: dict[str, Recipe] = dict(SMALL if size == "small" else FULL)
    if size == "full" and speech_kind == AST:
        recipes["voice"] = replace(recipes["voice"], num_epochs=AST_EPOCHS)
    return {name: replace(recipe, num_epochs=num_epochs or recipe.num_epochs) for name, recipe in recipes.items()}


@dataclass(frozen=True, slots=True)
class ModalityData:
    """Prepared inputs of one modality for all examples (each must have it), and their labels."""

    inputs: Sequence[Any]
    labels: NDArray[np.int64]


def fine_tune(
    encoder: FineTuned, data: ModalityData, train: Rows, valid: Rows, recipe: Recipe, seed: int, report: Report | None = None
) -> FineTuned:
    """A copy of the encoder, fitted; the epoch with the best accuracy on `valid` is kept."""
    fitted = copy.deepcopy(encoder)
    labels = torch.from_numpy(data.labels)

    def loss(module: nn.Module, batch: tuple[Tensor, torch.Generator]) -> Tensor:
        chosen, generator = batch
        rows = train[chosen.numpy()]
        shown = [data.inputs[row] for row in rows]
        if recipe.mirror:
            flips = torch.rand(len(shown), generator=generator) < 0.5
            shown = [clip.flip(-1) if bool(flip) else clip for clip, flip in zip(shown, flips, strict=True)]
        return F.cross_entropy(module(shown), labels[torch.from_numpy(rows)], label_smoothing=0.05)

    def score(module: nn.Module) -> dict[str, float]:
        assert isinstance(module, FineTuned)
        found = answer(module, data, valid)[1].argmax(1)
        return {"accuracy": accuracy(data.labels[valid], found), "score": accuracy(data.labels[valid], found)}

    options = TrainerOptions(recipe.num_epochs, recipe.learning_rate, recipe.weight_decay, 0.5, clip_norm=1.0, seed=seed)
    Trainer(fitted, options).fit(
        lambda _epoch, generator: [
            (rows, generator) for rows in RowBatches(labels[torch.from_numpy(train)], recipe.batch_size, generator)
        ],
        loss, score, report,
    )  # fmt: skip
    return fitted.eval()


@torch.inference_mode()
def answer(encoder: FineTuned, data: ModalityData, rows: Rows) -> Answer:
    """(k, width) features and (k, num_emotions) logits of some rows."""
    encoder.eval()
    parts = [
        encoder.features([data.inputs[row] for row in some]) for some in np.array_split(rows, max(1, len(rows) // READ_BATCH))
    ]
    features = torch.cat(parts)
    return features.numpy(), encoder.head(features).numpy()


def fold_answers(
    encoder: FineTuned,
    data: ModalityData,
    train: Rows,
    valid: Rows,
    test: Rows,
    sessions: Sequence[str],
    recipe: Recipe,
    seed: int,
    out_of_fold: bool,
    done: Callable[[], None] = lambda: None,
) -> tuple[Answer, Answer]:
    """Features of training and test rows for the classifier.

    An encoder knows its own training rows better than it will ever know new ones, so a classifier fitted on their features trusts
    them too much. Out of fold, every training session is read by an encoder that was fitted without it, and test rows by all of
    these, averaged. All start from the same weights, so that their features mean about the same.

    Returns:
        (features, logits) of the training rows in their order, and of the test rows.
    """
    if not out_of_fold:
        fitted = fine_tune(encoder, data, train, valid, recipe, seed)
        done()
        return answer(fitted, data, train), answer(fitted, data, test)
    own = np.array([sessions[row] for row in train])
    places: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    tests: list[Answer] = []
    for session in np.unique(own):
        fitted = fine_tune(encoder, data, train[own != session], valid, recipe, seed)
        done()
        rows = np.flatnonzero(own == session)
        features, logits = answer(fitted, data, train[rows])
        places.update({int(row): (features[number], logits[number]) for number, row in enumerate(rows)})
        tests.append(answer(fitted, data, test))
    ordered = [places[row] for row in range(len(train))]
    read = np.stack([features for features, _ in ordered]), np.stack([logits for _, logits in ordered])
    return read, (np.mean([features for features, _ in tests], axis=0), np.mean([logits for _, logits in tests], axis=0))
