"""Large networks read the training faces first, and the starter's small tower learns to answer as they do together.

FER+ holds ten votes per picture and under thirty thousand pictures: two unlike networks together read strangers better than
either (and as well as four did), and what they say of a changed view is a richer target than ten votes on the original (Hinton,
Vinyals and Dean 2015, arXiv:1503.02531). Teachers and tower see the very same views, and mixtures of two, for many epochs (Beyer
et al. 2022, "Knowledge distillation: a good teacher is patient and consistent", arXiv:2106.05237). The teachers want a GPU, where
they take minutes; the tower learns in an hour or two on two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports
from emoasst_core.training.starter.face_data import FaceSet
from emoasst_core.training.starter.face_tower import (
    FaceTower,
    fit_faces,
    load_training_faces,
    score_faces,
    soft_cross_entropy,
)
from emoasst_core.training.starter.kept_views import KeptViews, ViewBatch, ViewBatches
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

Told = Callable[[str], Report]


@dataclass(frozen=True, slots=True)
class TeacherPlan:
    """A teacher: a network of timm without weights, and the side in pixels to which it enlarges its pictures."""

    timm_name: str
    size: int


TEACHERS: Final = (
    TeacherPlan("ese_vovnet39b", 96),
    TeacherPlan("resnet18d", 128),
)
TEACHER_EPOCHS: Final = 28
TOWER_EPOCHS: Final = 20
TEACHERS_SHARE: Final = 0.9  # of the tower's targets; the rest are the votes


class FaceTeacher(nn.Module):
    """(b, 3, s, s) standardised pictures -> (b, num_emotions) logits."""

    def __init__(self, plan: TeacherPlan) -> None:
        super().__init__()
        ensure_torchvision_imports()
        import timm

        network = timm.create_model(plan.timm_name, num_classes=NUM_EMOTIONS, drop_path_rate=0.1, drop_rate=0.2)
        self.network = network.to(memory_format=torch.channels_last)
        self.size = plan.size

    def forward(self, pictures: Tensor) -> Tensor:
        """Enlarge and read."""
        enlarged = F.interpolate(pictures, size=(self.size, self.size), mode="bilinear", align_corners=False)
        logits: Tensor = self.network(enlarged.contiguous(memory_format=torch.channels_last))
        return logits


def train_teacher(
    number: int,
    faces: tuple[FaceSet, FaceSet],
    run: Path,
    num_epochs: int = TEACHER_EPOCHS,
    seed: int = 0,
    device: str = "cpu",
    report: Report | None = None,
) -> FaceTeacher:
    """Fit one of `TEACHERS` to the votes; several may be fitted at once, each by its own process.

    Args:
        number: which one.
        faces: train and valid.
        run: folder for the checkpoint `faces_teacher_N.pt`.
    """
    torch.manual_seed(seed + 10 * number)
    teacher = FaceTeacher(TEACHERS[number])
    options = TrainerOptions(num_epochs, 2e-3, 0.05, 3.0, 0.998, 5.0, seed=seed + 10 * number)
    fit_faces(teacher, faces, run / f"faces_teacher_{number + 1}.pt", options, soft_cross_entropy, device, report)
    return teacher


def train_faces(
    data: Path,
    run: Path,
    told: Told,
    num_epochs: tuple[int, int] = (TEACHER_EPOCHS, TOWER_EPOCHS),
    seed: int = 0,
    device: str = "cpu",
) -> FaceTower:
    """Fit the teachers, then the tower.

    Args:
        data: folder that holds `faces/`.
        run: folder for the checkpoints and the kept views; a run that was stopped goes on from there.
        told: name of a network -> what is called after each of its epochs.
        num_epochs: of every teacher, and of the tower.
    """
    faces = load_training_faces(data)
    teachers = [
        train_teacher(number, faces, run, num_epochs[0], seed, device, told(f"teacher {number + 1}"))
        for number in range(len(TEACHERS))
    ]
    views = KeptViews(teachers, faces[0], run, seed, device)
    return train_tower(views, faces[1], run / "faces_64.pt", num_epochs[1], seed, told("face tower"))


def train_tower(
    views: KeptViews,
    valid: FaceSet,
    checkpoint: Path,
    num_epochs: int = TOWER_EPOCHS,
    seed: int = 0,
    report: Report | None = None,
) -> FaceTower:
    """Fit the starter's tower to the votes and to what the teachers say of the same views together; its best epoch is kept."""
    torch.manual_seed(seed)
    tower = FaceTower()
    options = TrainerOptions(num_epochs, 2e-3, 0.02, 1.0, 0.998, 5.0, seed=seed)
    Trainer(tower, options, checkpoint, views.device, mixed_precision=True).fit(
        lambda epoch, generator: ViewBatches(views, epoch, generator),
        distillation_loss,
        lambda module: score_faces(module, valid),
        report,
    )
    return tower.cpu()


def distillation_loss(network: nn.Module, batch: ViewBatch, share: float = TEACHERS_SHARE) -> Tensor:
    """Cross entropy against the votes and, with `share`, the mean of the teachers' probabilities."""
    pictures = batch.views.unsqueeze(1).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    log_probs = F.log_softmax(network(pictures).float(), dim=-1)
    by_votes, by_teachers = (-(targets * log_probs).sum(-1) for targets in (batch.votes, batch.said))
    return (1 - share) * (by_votes * batch.weights).sum() / batch.weights.sum() + share * by_teachers.mean()
