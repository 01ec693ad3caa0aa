"""The tower learns what its teachers say of the very views it sees."""

import numpy as np
import pytest
import torch
from torch import nn

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.training.starter import face_teachers
from emoasst_core.training.starter.face_data import FaceSet
from emoasst_core.training.starter.face_teachers import TeacherPlan, distillation_loss, mix_pairs, train_teacher, train_tower
from emoasst_core.training.starter.face_tower import BATCH_SIZE, FaceBatches, soft_cross_entropy


class ReadsBrightness(nn.Module):
    """Says joy of a picture whose upper half is brighter, sadness of the others; a linear layer can learn it."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        upper = pictures[:, 0, :32].mean((1, 2)) - pictures[:, 0, 32:].mean((1, 2))
        logits = torch.full((len(pictures), NUM_EMOTIONS), -5.0)
        return torch.cat([logits[:, :1], (self.scale * upper)[:, None], (-self.scale * upper)[:, None], logits[:, 3:]], 1)


def batch(count: int = 64, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    slope = torch.linspace(-1, 1, 64).view(1, 1, 64, 1) * torch.randn(count, 1, 1, 1, generator=generator)
    views = (slope + 0.1 * torch.randn(count, 1, 64, 64, generator=generator)).expand(-1, 3, -1, -1)
    return views, torch.full((count, NUM_EMOTIONS), 1 / NUM_EMOTIONS), torch.ones(count)


def test_a_network_that_answers_as_its_teachers_do_has_the_least_loss():
    torch.manual_seed(0)
    teacher = ReadsBrightness()
    loss = distillation_loss([teacher], share=1.0)
    torch.manual_seed(1)
    same = loss(teacher, batch()).item()
    for scale in (1.0, 9.0, -3.0):
        other = ReadsBrightness()
        other.scale.data.fill_(scale)
        torch.manual_seed(1)
        assert loss(other, batch()).item() > same


def test_no_gradient_reaches_a_teacher():
    teacher, student = ReadsBrightness(), ReadsBrightness()
    distillation_loss([teacher])(student, batch()).backward()
    assert teacher.scale.grad is None
    assert student.scale.grad is not None


def test_without_a_share_the_votes_alone_count():
    torch.manual_seed(3)
    alone = distillation_loss([ReadsBrightness()], share=0.0)(ReadsBrightness(), batch())
    torch.manual_seed(3)
    mixed = mix_pairs(batch())
    assert alone.item() == pytest.approx(soft_cross_entropy(ReadsBrightness(), mixed).item(), rel=1e-5)


def test_a_mixture_holds_at_most_half_of_another_view_and_of_its_votes():
    torch.manual_seed(0)
    views = torch.arange(200.0).view(-1, 1, 1, 1).expand(-1, 3, 8, 8)
    votes = torch.eye(200)
    mixed, targets, weights = mix_pairs((views, votes, torch.ones(200)))
    assert torch.allclose(targets.sum(1), torch.ones(200))
    assert float(targets.diagonal().min()) >= 0.5
    changed = (targets.diagonal() < 1).float().mean()
    assert 0.3 < float(changed) < 0.7
    assert torch.allclose(mixed[:, 0, 0, 0], targets @ torch.arange(200.0), atol=1e-2)
    assert torch.equal(weights, torch.ones(200))


def made_up_faces(count: int, seed: int) -> FaceSet:
    """Pictures bright above are joy, bright below are sadness."""
    rng = np.random.default_rng(seed)
    is_joy = rng.random(count) < 0.5
    ramp = np.linspace(60, -60, 48)[None, :, None] * np.where(is_joy, 1, -1)[:, None, None]
    images = np.clip(128 + ramp + rng.normal(0, 20, (count, 48, 48)), 0, 255).astype(np.uint8)
    targets = np.zeros((count, NUM_EMOTIONS), np.float32)
    targets[np.arange(count), np.where(is_joy, 1, 2)] = 1
    return FaceSet(images, targets, np.ones(count, np.float32), np.ones(count, bool))


@pytest.fixture
def small_teachers(monkeypatch):
    monkeypatch.setattr(face_teachers, "TEACHERS", (TeacherPlan("resnet10t", 32),))


def test_batches_hold_views_votes_and_weights():
    batches = FaceBatches(made_up_faces(2 * BATCH_SIZE + 7, 0), torch.Generator().manual_seed(0))
    assert len(batches) == 2
    views, votes, weights = next(iter(batches))
    assert views.shape == (BATCH_SIZE, 3, 64, 64)
    assert votes.shape == (BATCH_SIZE, NUM_EMOTIONS)
    assert weights.shape == (BATCH_SIZE,)


def test_a_teacher_and_the_tower_learn_made_up_faces_and_go_on_where_they_were_stopped(small_teachers, tmp_path):
    faces = made_up_faces(2 * BATCH_SIZE, 0), made_up_faces(64, 1)
    teacher = train_teacher(0, faces, tmp_path, num_epochs=2)
    losses = []
    train_tower([teacher], faces, tmp_path / "faces_64.pt", 2, report=lambda epoch: losses.append(epoch.loss))
    assert len(losses) == 2
    assert losses[1] < losses[0]
    assert (tmp_path / "faces_teacher_1.pt").exists()
    train_tower([teacher], faces, tmp_path / "faces_64.pt", 2, report=lambda epoch: losses.append(epoch.loss))
    assert len(losses) == 2  # nothing was left to do
