"""The tower learns what its teachers say of the very views it sees."""

import numpy as np
import pytest
import torch
from torch import nn

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.training.starter import face_teachers, kept_views
from emoasst_core.training.starter.face_data import FaceSet
from emoasst_core.training.starter.face_teachers import TeacherPlan, distillation_loss, train_teacher, train_tower
from emoasst_core.training.starter.face_tower import BATCH_SIZE, FaceBatches, soft_cross_entropy
from emoasst_core.training.starter.kept_views import (
    NUM_SETS,
    SETS_PER_EPOCH,
    KeptViews,
    ViewBatch,
    ViewBatches,
    mirror_half,
    mix_pairs,
    read_together,
)


class ReadsBrightness(nn.Module):
    """Says joy of a picture whose upper half is brighter, sadness of the others; a linear layer can learn it."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        upper = pictures[:, 0, :32].mean((1, 2)) - pictures[:, 0, 32:].mean((1, 2))
        logits = torch.full((len(pictures), NUM_EMOTIONS), -5.0)
        return torch.cat([logits[:, :1], (self.scale * upper)[:, None], (-self.scale * upper)[:, None], logits[:, 3:]], 1)


def batch(count: int = 64, seed: int = 0, teacher: nn.Module | None = None) -> ViewBatch:
    generator = torch.Generator().manual_seed(seed)
    slope = torch.linspace(-1, 1, 64).view(1, 64, 1) * torch.randn(count, 1, 1, generator=generator)
    views = slope + 0.1 * torch.randn(count, 64, 64, generator=generator)
    even = torch.full((count, NUM_EMOTIONS), 1 / NUM_EMOTIONS)
    said = read_together([teacher], three(views)).clone() if teacher else even
    return ViewBatch(views, said, even, torch.ones(count))


def three(views: torch.Tensor) -> torch.Tensor:
    return views.unsqueeze(1).expand(-1, 3, -1, -1)


def test_a_network_that_answers_as_its_teachers_do_has_the_least_loss():
    teacher = ReadsBrightness()
    read = batch(teacher=teacher)
    same = distillation_loss(teacher, read, share=1.0).item()
    for scale in (1.0, 9.0, -3.0):
        other = ReadsBrightness()
        other.scale.data.fill_(scale)
        assert distillation_loss(other, read, share=1.0).item() > same


def test_no_gradient_reaches_a_teacher():
    teacher, student = ReadsBrightness(), ReadsBrightness()
    distillation_loss(student, batch(teacher=teacher)).backward()
    assert teacher.scale.grad is None
    assert student.scale.grad is not None


def test_without_a_share_the_votes_alone_count():
    read = batch(teacher=ReadsBrightness())
    alone = distillation_loss(ReadsBrightness(), read, share=0.0)
    assert alone.item() == pytest.approx(
        soft_cross_entropy(ReadsBrightness(), (three(read.views), read.votes, read.weights)).item()
    )


def test_several_teachers_say_their_mean():
    one, two = ReadsBrightness(), ReadsBrightness()
    two.scale.data.fill_(-1.0)
    views = three(batch().views)
    mean = (read_together([one], views) + read_together([two], views)) / 2
    assert torch.allclose(read_together([one, two], views), mean, atol=1e-6)
    assert torch.allclose(mean.sum(1), torch.ones(64), atol=1e-5)


def test_a_mixture_holds_at_most_half_of_another_view_and_of_its_targets():
    views = torch.arange(200.0).view(-1, 1, 1).expand(-1, 8, 8)
    mixed = mix_pairs(ViewBatch(views, torch.eye(200), torch.eye(200).flip(1), torch.ones(200)), torch.Generator().manual_seed(0))
    assert torch.allclose(mixed.said.sum(1), torch.ones(200))
    assert float(mixed.said.diagonal().min()) >= 0.5
    changed = (mixed.said.diagonal() < 1).float().mean()
    assert 0.3 < float(changed) < 0.7
    assert torch.allclose(mixed.views[:, 0, 0], mixed.said @ torch.arange(200.0), atol=1e-2)
    assert torch.equal(mixed.votes, mixed.said.flip(1))
    assert torch.equal(mixed.weights, torch.ones(200))


def test_half_of_the_views_are_turned_and_nothing_else():
    read = batch(200)
    turned = mirror_half(read, torch.Generator().manual_seed(0)).views
    is_same = (turned == read.views).flatten(1).all(1)
    is_turned = (turned == read.views.flip(-1)).flatten(1).all(1)
    assert bool((is_same ^ is_turned).all())
    assert 0.35 < float(is_turned.float().mean()) < 0.65


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
    monkeypatch.setattr(kept_views, "NUM_SETS", 1)
    monkeypatch.setattr(kept_views, "SETS_PER_EPOCH", 1)


def test_batches_hold_views_votes_and_weights():
    batches = FaceBatches(made_up_faces(2 * BATCH_SIZE + 7, 0), torch.Generator().manual_seed(0))
    assert len(batches) == 2
    views, votes, weights = next(iter(batches))
    assert views.shape == (BATCH_SIZE, 3, 64, 64)
    assert votes.shape == (BATCH_SIZE, NUM_EMOTIONS)
    assert weights.shape == (BATCH_SIZE,)


def test_views_are_read_once_and_the_epochs_go_round_them(tmp_path):
    faces = made_up_faces(BATCH_SIZE, 0)
    kept = KeptViews([ReadsBrightness()], faces, tmp_path)
    first = kept.load(0)
    assert torch.allclose(first.said.float().sum(1), torch.ones(len(first)), atol=2e-2)
    expected = read_together([ReadsBrightness()], three(first.views.float()))
    assert torch.allclose(first.said.float(), expected, atol=2e-2)
    again = KeptViews([], faces, tmp_path).load(0)  # nobody is asked a second time
    assert torch.equal(first.said, again.said)
    assert not torch.equal(first.views, kept.load(1).views)
    rounds = NUM_SETS // SETS_PER_EPOCH
    batches = [ViewBatches(kept, epoch, torch.Generator().manual_seed(3)) for epoch in (0, 1, rounds)]
    assert torch.equal(batches[0].sets[0].views, batches[2].sets[0].views)
    assert not torch.equal(batches[0].sets[0].views, batches[1].sets[0].views)
    assert len(list(batches[0])) == len(batches[0])
    assert len(list(tmp_path.glob("faces_views_*.npz"))) == 2 * SETS_PER_EPOCH


def test_the_same_seed_draws_the_same_views(tmp_path):
    faces = made_up_faces(BATCH_SIZE, 0)
    runs = [KeptViews([ReadsBrightness()], faces, tmp_path / name, seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))]
    for run in runs:
        run.folder.mkdir()
    same, other, unlike = (run.load(2).views for run in runs)
    assert torch.equal(same, other)
    assert not torch.equal(same, unlike)


def test_a_teacher_and_the_tower_learn_made_up_faces_and_go_on_where_they_were_stopped(small_teachers, tmp_path):
    faces = made_up_faces(BATCH_SIZE, 0), made_up_faces(64, 1)
    teacher = train_teacher(0, faces, tmp_path, num_epochs=1)
    assert not teacher.training
    assert (tmp_path / "faces_teacher_1.pt").exists()
    losses = []
    views = KeptViews([ReadsBrightness()], faces[0], tmp_path)
    train_tower(views, faces[1], tmp_path / "faces_64.pt", 5, report=lambda epoch: losses.append(epoch.loss))
    assert len(losses) == 5
    assert losses[-1] < losses[0]
    train_tower(views, faces[1], tmp_path / "faces_64.pt", 5, report=lambda epoch: losses.append(epoch.loss))
    assert len(losses) == 5  # nothing was left to do
