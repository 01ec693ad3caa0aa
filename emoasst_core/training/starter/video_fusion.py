"""Train the starter's Visual Fusion Module on face sequences made from single pictures.

No film of labelled faces may be used, so a sequence is made of many augmented views of one picture, with some views of other
people in the same mood and a few of any face, as a talking mouth or a blink adds them in life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.emoasst.visual_fusion_module import VisualFusionModule
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.evaluation.metrics import accuracy, macro_f1
from emoasst_core.training.starter.face_augmentation import augment
from emoasst_core.training.starter.face_data import FaceSet
from emoasst_core.training.starter.face_tower import EMBED_DIM, PICTURE_SIZE, FaceTower
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

NUM_FRAMES: Final = 24
FUSION_OPTIONS: Final[dict[str, Any]] = {
    "embed_dim": EMBED_DIM, "num_heads": 4, "feedforward_dim": 512, "num_queries": NUM_EMOTIONS, "queries": "class",
    "encoder_scope": "video", "num_frames": NUM_FRAMES, "dropout": 0.1,
}  # fmt: skip
BATCH_SIZE: Final = 128
NUM_SEQUENCES: Final = 9_600  # per epoch
SAME_MOOD_SHARE: Final = 0.15
MAX_STRAY_SHARE: Final = 0.25
# Half the sequences are one unchanging view: a single photograph must be read as well as a film.
STILL_SHARE: Final = 0.4
RARE_CLASS_POWER: Final = 0.6  # stronger than for the tower: the module is small and soon forgets the rare ones


@dataclass(frozen=True, slots=True)
class ViewBank:
    """Embedded views: `views` (n, views, embed_dim) float32, `targets` (n, num_emotions) soft labels."""

    views: NDArray[np.float32]
    targets: NDArray[np.float32]


def embed_views(tower: FaceTower, faces: FaceSet, num_views: int, strength: float, seed: int) -> ViewBank:
    """Embed augmented views of every picture once."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    tower.eval()
    with torch.inference_mode():
        for start in range(0, len(faces), BATCH_SIZE):
            images = np.repeat(faces.images[start : start + BATCH_SIZE], num_views, axis=0)
            with torch.autocast("cpu", torch.bfloat16):
                embeddings = tower.visual(augment(images, PICTURE_SIZE, generator, strength))
            rows.append(F.normalize(embeddings.float(), dim=-1).view(-1, num_views, EMBED_DIM).numpy())
    return ViewBank(np.concatenate(rows), faces.targets)


class VideoFusion(nn.Module):
    """The module with the class queries and the scale it is trained with."""

    text_weights: Tensor

    def __init__(self, text_weights: NDArray[np.float32]) -> None:
        super().__init__()
        self.module = VisualFusionModule(**FUSION_OPTIONS)
        self.log_scale = nn.Parameter(torch.tensor(2.2))
        self.register_buffer("text_weights", torch.from_numpy(text_weights), persistent=False)

    def embed(self, frames: Tensor) -> Tensor:
        """(b, num_frames, embed_dim) -> (b, embed_dim) unit vectors."""
        result: Tensor = self.module.embed(frames, self.text_weights)
        return result

    def logits(self, frames: Tensor) -> Tensor:
        """(b, num_frames, embed_dim) -> (b, num_emotions)."""
        result: Tensor = self.log_scale.exp() * self.embed(frames) @ self.text_weights.T
        return result


class SequenceBatches:
    """Random sequences of one epoch."""

    def __init__(self, bank: ViewBank, num_sequences: int, generator: torch.Generator) -> None:
        self.bank, self.num_sequences, self.generator = bank, num_sequences, generator
        self.labels = bank.targets.argmax(1)
        self.by_label = [np.flatnonzero(self.labels == label) for label in range(NUM_EMOTIONS)]

    def __len__(self) -> int:
        return self.num_sequences // BATCH_SIZE

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        rng = np.random.default_rng(int(torch.randint(0, 2**31, (1,), generator=self.generator)))
        frequency = np.bincount(self.labels, minlength=NUM_EMOTIONS) / len(self.labels)
        weights = frequency[self.labels] ** -RARE_CLASS_POWER
        weights /= weights.sum()
        for _ in range(len(self)):
            yield make_sequences(self.bank, rng.choice(len(self.labels), BATCH_SIZE, p=weights), self.by_label, self.labels, rng)


def make_sequences(
    bank: ViewBank,
    pictures: NDArray[np.int64],
    by_label: list[NDArray[np.int64]],
    labels: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """(b, num_frames, embed_dim) sequences around the given pictures, and their (b, num_emotions) soft labels."""
    num_views = bank.views.shape[1]
    rows = np.repeat(pictures[:, None], NUM_FRAMES, axis=1)
    views = rng.integers(0, num_views, rows.shape)
    still = rng.random(len(pictures)) < STILL_SHARE
    views[still] = views[still, :1]
    draw = rng.random(rows.shape)
    stray_share = rng.uniform(0, MAX_STRAY_SHARE, (len(pictures), 1))
    for row, picture in enumerate(pictures):
        if still[row]:
            continue
        alike = draw[row] < SAME_MOOD_SHARE
        rows[row, alike] = rng.choice(by_label[labels[picture]], int(alike.sum()))
        stray = draw[row] > 1 - stray_share[row]
        rows[row, stray] = rng.integers(0, len(labels), int(stray.sum()))
    return torch.from_numpy(bank.views[rows, views]), torch.from_numpy(bank.targets[pictures])


def train_fusion(
    train: ViewBank, valid: ViewBank, text_weights: NDArray[np.float32], checkpoint: Path, num_epochs: int = 6, seed: int = 0,
    report: Report | None = None,
) -> VideoFusion:  # fmt: skip
    """Fit the module; the face tower and the text features stay as they are."""
    torch.manual_seed(seed)
    fusion = VideoFusion(text_weights)
    trainer = Trainer(fusion, TrainerOptions(num_epochs, 1e-3, 0.01, 1.0, 0.99, 1.0, seed=seed), checkpoint)
    num_sequences = min(NUM_SEQUENCES, 2 * len(train.targets))
    trainer.fit(
        lambda _epoch, generator: SequenceBatches(train, num_sequences, generator),
        sequence_loss,
        lambda module: score_fusion(module, valid),
        report,
    )
    return fusion


def sequence_loss(fusion: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Cross entropy against the soft votes of the picture that the sequence is about."""
    assert isinstance(fusion, VideoFusion)
    frames, targets = batch
    return -(targets * F.log_softmax(fusion.logits(frames), dim=-1)).sum(-1).mean()


def score_fusion(fusion: nn.Module, valid: ViewBank) -> dict[str, float]:
    """Accuracy and macro F1 on sequences of held-out pictures, beside the plain mean of their frames."""
    assert isinstance(fusion, VideoFusion)
    labels = valid.targets.argmax(1)
    by_label = [np.flatnonzero(labels == label) for label in range(NUM_EMOTIONS)]
    clear = np.flatnonzero(valid.targets.max(1) > 0.5)
    frames, _ = make_sequences(valid, clear, by_label, labels, np.random.default_rng(0))
    predictions = torch.cat([fusion.logits(part).argmax(1) for part in torch.split(frames, 512)]).numpy()
    mean = (frames.mean(1) @ fusion.text_weights.T).argmax(1).numpy()
    result = {"accuracy": accuracy(labels[clear], predictions), "macro_f1": macro_f1(labels[clear], predictions)}
    baseline = {"mean_accuracy": accuracy(labels[clear], mean), "mean_macro_f1": macro_f1(labels[clear], mean)}
    return {**result, **baseline, "score": (result["accuracy"] + result["macro_f1"]) / 2}
