"""Large networks read the training faces first, and the starter's small tower learns to answer as they do together.

FER+ holds ten votes per picture and under thirty thousand pictures: an ensemble of unlike networks reads strangers better than
any of them, and what it says of a changed view is a richer target than ten votes on the original (Hinton, Vinyals and Dean 2015,
arXiv:1503.02531). Teachers and tower see the very same views, and mixtures of two, for many epochs (Beyer et al. 2022, "Knowledge
distillation: a good teacher is patient and consistent", arXiv:2106.05237). Meant for a GPU: on one, the whole takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    FaceBatch,
    FaceTower,
    fit_faces,
    load_training_faces,
    soft_cross_entropy,
)
from emoasst_core.training.trainer import Loss, Report, TrainerOptions

MIXED_SHARE: Final = 0.5  # of the tower's pictures are mixtures of two
Told = Callable[[str], Report]


@dataclass(frozen=True, slots=True)
class TeacherPlan:
    """A teacher: a network of timm without weights, and the side in pixels to which it enlarges its pictures."""

    timm_name: str
    size: int


TEACHERS: Final = (
    TeacherPlan("ese_vovnet39b", 96),
    TeacherPlan("resnet34d", 96),
    TeacherPlan("ecaresnet26t", 96),
    TeacherPlan("resnet18d", 128),
)
TEACHER_EPOCHS: Final = 28
TOWER_EPOCHS: Final = 40
TEACHERS_SHARE: Final = 0.75  # of the tower's targets; the rest are the votes


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
        run: folder for the checkpoints; a run that was stopped goes on from there.
        told: name of a network -> what is called after each of its epochs.
        num_epochs: of every teacher, and of the tower.
    """
    faces = load_training_faces(data)
    teachers = [
        train_teacher(number, faces, run, num_epochs[0], seed, device, told(f"teacher {number + 1}"))
        for number in range(len(TEACHERS))
    ]
    return train_tower(teachers, faces, run / "faces_64.pt", num_epochs[1], seed, device, told("face tower"))


def train_tower(
    teachers: Sequence[nn.Module],
    faces: tuple[FaceSet, FaceSet],
    checkpoint: Path,
    num_epochs: int = TOWER_EPOCHS,
    seed: int = 0,
    device: str = "cpu",
    report: Report | None = None,
) -> FaceTower:
    """Fit the starter's tower to the votes and to what the teachers say of the same views together."""
    torch.manual_seed(seed)
    tower = FaceTower()
    options = TrainerOptions(num_epochs, 2e-3, 0.02, 2.0, 0.998, 5.0, seed=seed)
    fit_faces(tower, faces, checkpoint, options, distillation_loss(teachers), device, report)
    return tower.cpu()


def distillation_loss(teachers: Sequence[nn.Module], share: float = TEACHERS_SHARE) -> Loss:
    """Cross entropy against the votes and, with `share`, the mean of the teachers' probabilities, on partly mixed views."""

    def loss(network: nn.Module, batch: FaceBatch) -> Tensor:
        views, votes, weights = mix_pairs(batch)
        with torch.no_grad():
            said = torch.stack([F.softmax(teacher(views).float(), dim=-1) for teacher in teachers]).mean(0)
        log_probs = F.log_softmax(network(views).float(), dim=-1)
        by_votes, by_teachers = (-(targets * log_probs).sum(-1) for targets in (votes, said))
        return (1 - share) * (by_votes * weights).sum() / weights.sum() + share * by_teachers.mean()

    for teacher in teachers:
        teacher.eval()
    return loss


def mix_pairs(batch: FaceBatch) -> FaceBatch:
    """Lay another view of the batch over `MIXED_SHARE` of the views (mixup, Zhang et al. 2018), the votes likewise.

    The share of the other one is drawn evenly up to a half. Randomness comes from the global generator, which the trainer seeds
    anew for every epoch.
    """
    views, votes, weights = batch
    count, device = len(views), views.device
    other = torch.randperm(count, device=device)
    share = 0.5 * torch.rand(count, device=device) * (torch.rand(count, device=device) < MIXED_SHARE)
    mixed = torch.lerp(views, views[other], share.view(-1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)
    return mixed, torch.lerp(votes, votes[other], share.view(-1, 1)), torch.lerp(weights, weights[other], share)
