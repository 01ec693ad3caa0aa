"""Train the starter's voice encoder and auditory adapter together against the emotion anchors.

The loss is cross entropy over the anchors plus SupCon over audio and text features (EmoAsst, Eq. 1): the anchors stand for the
text features of the class prompts, to which the text tower is aligned afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from emoasst_core.datatypes import SAMPLE_RATE_HZ
from emoasst_core.emoasst.auditory_adapter import AuditoryAdapter
from emoasst_core.emoasst.supcon_loss import supcon_loss
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.encoders.functionals import functionals
from emoasst_core.encoders.prosody import ProsodyNetwork
from emoasst_core.encoders.voice_pictures import VoicePictures
from emoasst_core.evaluation.metrics import accuracy, unweighted_average_recall
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.face_tower import EMBED_DIM
from emoasst_core.training.starter.voice_augmentation import change_pace, change_response, hide_stretches, pad_clips
from emoasst_core.training.starter.voice_data import VALID_SPEAKERS, VoiceSet
from emoasst_core.training.starter.voice_description import draw_weights, fit_description
from emoasst_core.training.starter.voice_views import VoiceViews
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

BATCH_SIZE = 64
# Of the convolutions. Longer training helps on the actors of the collections it learned from and hurts on a new one: with EMO-DB
# left out its UAR fell from .523 to .485 between the first and the fourth epoch of a longer schedule, while RAVDESS rose to .68.
NUM_EPOCHS = 4
CLIPS_PER_EPOCH = 2560
MAX_CLIP_S = 4.0
SUPCON_SHARE = 0.2
# A linear head on the convolved states, in training only: they learn to tell the emotions by themselves, too, and do not just
# lean on the description.
AUXILIARY_SHARE = 0.5
LABEL_SMOOTHING = 0.1
STATE_DROPOUT = 0.15
ADAPTER_OPTIONS = {"embed_dim": EMBED_DIM, "num_heads": 4, "feedforward_dim": 512, "num_layers": 3, "dropout": 0.1}


class VoiceTower(nn.Module):
    """Prosody network and auditory adapter, with the scale of their cosines while they train."""

    anchors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.network = ProsodyNetwork()
        size = self.network.state_dim
        self.adapter = AuditoryAdapter(audio_dim=size, **ADAPTER_OPTIONS)  # type: ignore[arg-type]
        self.state_dropout = nn.Dropout1d(STATE_DROPOUT)  # whole values of the states, at all times alike
        self.states_head = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * size, NUM_EMOTIONS))
        self.log_scale = nn.Parameter(torch.tensor(2.2))
        self.register_buffer("anchors", torch.from_numpy(emotion_anchors(EMBED_DIM)), persistent=False)

    def train(self, mode: bool = True) -> VoiceTower:
        """As every module, but what was fitted first stays as it is."""
        super().train(mode)
        self.network.description.eval()
        self.adapter.eval()
        return self

    def embed(self, samples: Tensor, mask: Tensor) -> Tensor:
        """(b, n) sound -> (b, embed_dim) unit vectors."""
        result: Tensor = F.normalize(self.adapter(*self.network(samples, mask)).float(), dim=-1)
        return result

    def logits(self, embeddings: Tensor) -> Tensor:
        """(b, embed_dim) -> (b, num_emotions)."""
        result: Tensor = self.log_scale.exp() * embeddings @ self.anchors.T
        return result


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures with stretches hidden, the description of what they were before, and their labels."""

    pictures: VoicePictures
    described: Tensor
    labels: Tensor


class VoiceBatches:
    """Batches of one epoch; corpora by `CORPUS_SHARES`, classes evenly within a corpus.

    Args:
        voices: the training clips.
        views: their copies.
        chosen: (num_clips,) which of them to learn from.
        generator: source of all randomness.
    """

    def __init__(self, voices: VoiceSet, views: VoiceViews, chosen: NDArray[np.bool_], generator: torch.Generator) -> None:
        self.voices, self.views, self.generator = voices, views, generator
        weights = draw_weights(voices, chosen)
        num_clips = max(BATCH_SIZE, min(CLIPS_PER_EPOCH, 2 * int(chosen.sum())))
        self.order = torch.multinomial(weights, num_clips, replacement=True, generator=generator).numpy()

    def __len__(self) -> int:
        return len(self.order) // BATCH_SIZE

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self) * BATCH_SIZE, BATCH_SIZE):
            rows = self.order[start : start + BATCH_SIZE]
            pictures = change_response(change_pace(self.views.pictures(rows, self.generator), self.generator), self.generator)
            described = functionals(pictures)
            hidden = hide_stretches(pictures, self.generator)
            yield Batch(hidden, described, torch.from_numpy(self.voices.labels[rows]))


def train_voices(
    voices: VoiceSet,
    views: VoiceViews,
    described: NDArray[np.float32],
    valid: VoiceSet,
    checkpoint: Path,
    chosen: NDArray[np.bool_] | None = None,
    num_epochs: int = NUM_EPOCHS,
    seed: int = 0,
    report: Report | None = None,
    keep_last: bool = False,
) -> VoiceTower:
    """Fit description and adapter, then, with both fixed, the convolutions; the best epoch on held-out speakers is kept.

    Args:
        voices, views: the training clips and their copies.
        described: functionals of the copies, see `copies_described`.
        valid: clips of people that are not among the chosen.
        checkpoint: a run that was stopped goes on from there.
        chosen: (num_clips,) which clips to learn from; all if None.
        keep_last: keep the last epoch instead: nothing is then chosen on `valid`, so that it may be scored without bias.
    """
    chosen = np.ones(len(voices), bool) if chosen is None else chosen
    torch.manual_seed(seed)
    tower = VoiceTower()
    if not checkpoint.exists():
        parts = tower.network.description, tower.adapter, tower.log_scale, tower.anchors
        fit_description(*parts, voices, described, chosen, seed)
    for parameter in (*tower.network.description.parameters(), *tower.adapter.parameters(), tower.log_scale):
        parameter.requires_grad_(False)
    options = TrainerOptions(num_epochs, 1.5e-3, 0.03, 1.0, 0.985, 5.0, seed=seed)

    def evaluate(module: nn.Module) -> dict[str, float]:
        figures = score_voices(module, valid)
        return {**figures, "score": trainer.progress.epoch} if keep_last else figures

    trainer = Trainer(tower, options, checkpoint, mixed_precision=True)
    # the fused attention kernel is several times slower backwards on CPUs than plain matrix products at this size
    with sdpa_kernel(SDPBackend.MATH):
        trainer.fit(lambda _epoch, generator: VoiceBatches(voices, views, chosen, generator), voice_loss, evaluate, report)
    return tower


def voice_loss(tower: nn.Module, batch: Batch) -> Tensor:
    """Cross entropy over the anchors plus SupCon over the union of audio features and anchors."""
    assert isinstance(tower, VoiceTower)
    states, mask = tower.network.convolve(batch.pictures)
    with torch.autocast("cpu", enabled=False), torch.no_grad():
        description = tower.network.describe(batch.described)
    weights = mask.unsqueeze(-1).float()
    mean = (states.float() * weights).sum(1) / weights.sum(1)
    variance = ((states.float() - mean.unsqueeze(1)).square() * weights).sum(1) / weights.sum(1)
    pooled = torch.cat([mean, (variance + 1e-4).sqrt()], 1)
    embeddings = tower.adapter(tower.state_dropout((states + description.unsqueeze(1)).mT).mT, mask).float()
    union = torch.cat([embeddings, tower.anchors])
    contrastive = supcon_loss(union, torch.cat([batch.labels, torch.arange(NUM_EMOTIONS)]), temperature=0.2)
    main, auxiliary = (
        F.cross_entropy(logits.float(), batch.labels, label_smoothing=LABEL_SMOOTHING)
        for logits in (tower.logits(embeddings), tower.states_head(pooled))
    )
    return main + SUPCON_SHARE * contrastive + AUXILIARY_SHARE * auxiliary


def embed_voices(tower: VoiceTower, voices: VoiceSet, batch_size: int = 32) -> NDArray[np.float32]:
    """(num_clips, embed_dim) without augmentation; clips of like length share a batch."""
    order = sorted(range(len(voices)), key=lambda row: len(voices.samples[row]))
    result = np.zeros((len(voices), EMBED_DIM), np.float32)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        clips = [voices.clip(row) for row in rows]
        longest = min(int(MAX_CLIP_S * SAMPLE_RATE_HZ), max(len(clip) for clip in clips))
        samples, mask = pad_clips(clips, longest)
        result[rows] = tower.embed(samples, mask).numpy()
    return result


def score_voices(tower: nn.Module, valid: VoiceSet) -> dict[str, float]:
    """UAR and accuracy on held-out speakers; `score` is the UAR, smoothed by a little of the log-likelihood."""
    assert isinstance(tower, VoiceTower)
    logits = tower.logits(torch.from_numpy(embed_voices(tower, valid)))
    predictions = logits.argmax(1).numpy()
    nll = float(F.cross_entropy(logits, torch.from_numpy(valid.labels)))
    uar = unweighted_average_recall(valid.labels, predictions)
    return {"uar": uar, "accuracy": accuracy(valid.labels, predictions), "nll": nll, "score": uar - 0.1 * nll}


def split_by_speaker(voices: VoiceSet) -> tuple[VoiceSet, VoiceSet]:
    """Train and valid: two RAVDESS actors are heard by nothing but the validation."""
    return (
        voices.where(lambda speaker, _corpus: speaker not in VALID_SPEAKERS),
        voices.where(lambda speaker, _corpus: speaker in VALID_SPEAKERS),
    )
