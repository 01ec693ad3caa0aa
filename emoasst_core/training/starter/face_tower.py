"""The starter's face tower, and how networks learn FER+ soft votes (with CK+ as weak help) and are scored.

The tower itself learns from teachers, see `face_teachers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports
from emoasst_core.evaluation.metrics import accuracy, macro_f1, unweighted_average_recall
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.face_augmentation import augment, seen_by_tower
from emoasst_core.training.starter.face_data import FaceSet, join, load_ckplus, load_ferplus
from emoasst_core.training.trainer import Loss, Report, Trainer, TrainerOptions

EMBED_DIM = 128
PICTURE_SIZE = 64  # pixels; a face takes 4 ms on one core (7 ms at 96, where FER+'s 48 pixels hold nothing more)
# An open_clip model configuration: what `open_clip_config.json` of the bundle holds under "model_cfg".
STARTER_MODEL_CFG: dict[str, Any] = {
    "embed_dim": EMBED_DIM,
    "vision_cfg": {
        "timm_model_name": "ese_vovnet19b_slim",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
        "timm_drop_path": 0.05,
        "image_size": PICTURE_SIZE,
    },
    "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 96, "heads": 4, "layers": 3},
}
BATCH_SIZE = 256
RARE_CLASS_POWER = 0.5  # sampling weight = frequency ** -power: disgust is seen 6 times as often as by chance
MIN_STRENGTH = 0.3  # of the augmentation of a batch; it is drawn evenly from here to 1
CHANGED_VIEWS_SEED = 977
FaceBatch = tuple[Tensor, Tensor, Tensor]  # (b, 3, s, s) views, (b, num_emotions) targets, (b,) weights


class FaceTower(nn.Module):
    """The vision tower of the bundle and the scale of its cosines while it trains."""

    anchors: Tensor

    def __init__(self) -> None:
        super().__init__()
        ensure_torchvision_imports()
        import open_clip

        self.visual = open_clip.CLIP(**STARTER_MODEL_CFG).visual.to(memory_format=torch.channels_last)
        self.log_scale = nn.Parameter(torch.tensor(2.2))  # exp(2.2) = 9: confident but not saturated on six soft votes of ten
        self.register_buffer("anchors", torch.from_numpy(emotion_anchors(EMBED_DIM)), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """(b, 3, s, s) standardised -> (b, num_emotions) logits."""
        embeddings = F.normalize(self.visual(pictures).float(), dim=-1)
        logits: Tensor = self.log_scale.exp() * embeddings @ self.anchors.T
        return logits


class FaceBatches:
    """Augmented batches of one epoch, drawn with the rare emotions favoured.

    Args:
        faces: what to learn from.
        generator: source of all randomness, on the CPU.
        device: where the batches are made and used.
    """

    def __init__(self, faces: FaceSet, generator: torch.Generator, device: str = "cpu") -> None:
        self.faces, self.generator, self.device = faces, generator, device
        frequency = np.bincount(faces.labels, minlength=faces.targets.shape[1]) / len(faces)
        weights = torch.from_numpy((frequency[faces.labels] ** -RARE_CLASS_POWER).astype(np.float64))
        self.order = torch.multinomial(weights, len(faces), replacement=True, generator=generator).numpy()

    def __len__(self) -> int:
        return len(self.order) // BATCH_SIZE

    def __iter__(self) -> Iterator[FaceBatch]:
        for start in range(0, len(self) * BATCH_SIZE, BATCH_SIZE):
            rows = self.order[start : start + BATCH_SIZE]
            strength = MIN_STRENGTH + (1 - MIN_STRENGTH) * float(torch.rand((), generator=self.generator))
            views = augment(self.faces.images[rows], PICTURE_SIZE, self.generator, strength, self.device)
            targets, weights = (
                torch.from_numpy(values[rows]).to(self.device) for values in (self.faces.targets, self.faces.weights)
            )
            yield views, targets, weights


def load_training_faces(data: Path) -> tuple[FaceSet, FaceSet]:
    """FER+ train with CK+, and FER+ valid.

    Args:
        data: folder that holds `faces/`.
    """
    faces = data / "faces"
    train = join([load_ferplus(faces / "ferplus_train.npz", True), load_ckplus(faces / "ckplus48.npz", held_out=False)])
    return train, load_ferplus(faces / "ferplus_valid.npz", False)


def fit_faces(
    network: nn.Module,
    faces: tuple[FaceSet, FaceSet],
    checkpoint: Path | None,
    options: TrainerOptions,
    compute_loss: Loss,
    device: str = "cpu",
    report: Report | None = None,
) -> None:
    """Fit a network that gives (b, num_emotions) logits of (b, 3, size, size) pictures; its best epoch is kept.

    Args:
        faces: train and valid.
        checkpoint: a run that was stopped goes on from there; None keeps none.
    """
    train, valid = faces
    Trainer(network, options, checkpoint, device, mixed_precision=True).fit(
        lambda _epoch, generator: FaceBatches(train, generator, device),
        compute_loss,
        lambda module: score_faces(module, valid),
        report,
    )


def soft_cross_entropy(network: nn.Module, batch: FaceBatch) -> Tensor:
    """Cross entropy against soft votes, each picture weighted by how many of its votes are emotions."""
    views, targets, weights = batch
    losses = -(targets * F.log_softmax(network(views).float(), dim=-1)).sum(-1)
    return (losses * weights).sum() / weights.sum()


def predict_faces(tower: nn.Module, images: NDArray[np.uint8], batch_size: int = 256) -> NDArray[np.float32]:
    """(n, h, w) uint8 grey -> (n, num_emotions) logits, without augmentation, mean over the mirror image."""
    device, rows = _device_of(tower), []
    for start in range(0, len(images), batch_size):
        grey = torch.from_numpy(images[start : start + batch_size]).to(device).float().div_(255).unsqueeze(1)
        grey = F.interpolate(grey, size=(PICTURE_SIZE, PICTURE_SIZE), mode="bilinear", align_corners=False)
        with torch.autocast(device, torch.bfloat16):
            logits = tower(seen_by_tower(grey)) + tower(seen_by_tower(grey.flip(-1)))
        rows.append((logits / 2).float().cpu().numpy())
    return np.concatenate(rows)


def score_faces(tower: nn.Module, valid: FaceSet) -> dict[str, float]:
    """Accuracy and macro F1 over the pictures with a clear majority, and UAR on changed views of them.

    The views are drawn as in training, always the same ones; `score` is the mean of the three.
    """
    images, labels = valid.images[valid.clear], valid.labels[valid.clear]
    predictions = predict_faces(tower, images).argmax(1)
    changed = unweighted_average_recall(labels, predict_changed(tower, images).argmax(1))
    result = {"accuracy": accuracy(labels, predictions), "macro_f1": macro_f1(labels, predictions), "changed_uar": changed}
    return {**result, "score": sum(result.values()) / 3}


def predict_changed(tower: nn.Module, images: NDArray[np.uint8], batch_size: int = 256) -> NDArray[np.float32]:
    """(n, h, w) uint8 grey -> (n, num_emotions) logits of one augmented view of each, the same at every call."""
    device, rows = _device_of(tower), []
    generator = torch.Generator().manual_seed(CHANGED_VIEWS_SEED)
    for start in range(0, len(images), batch_size):
        views = augment(images[start : start + batch_size], PICTURE_SIZE, generator, device=device)
        with torch.autocast(device, torch.bfloat16):
            rows.append(tower(views).float().cpu().numpy())
    return np.concatenate(rows)


def _device_of(network: nn.Module) -> str:
    return next(network.parameters()).device.type
