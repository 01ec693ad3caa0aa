"""Train the starter's voice encoder and auditory adapter together against the emotion anchors.

The loss is cross entropy over the anchors plus SupCon over audio and text features (EmoAsst, Eq. 1): the anchors stand for the
text features of the class prompts, to which the text tower is aligned afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import SAMPLE_RATE_HZ
from emoasst_core.emoasst.auditory_adapter import AuditoryAdapter
from emoasst_core.emoasst.supcon_loss import supcon_loss
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.encoders.log_mel import HOP_LENGTH, LogMelNetwork
from emoasst_core.evaluation.metrics import accuracy, unweighted_average_recall
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.face_tower import EMBED_DIM
from emoasst_core.training.starter.voice_augmentation import augment_sound, hide_stretches, pad_clips
from emoasst_core.training.starter.voice_data import VALID_SPEAKERS, VoiceSet
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

BATCH_SIZE = 32
TRAIN_CLIP_S = 3.2  # 51,200 samples: a length whose Fourier transforms are fast
MAX_CLIP_S = 4.0
SUPCON_SHARE = 0.2
AUXILIARY_SHARE = 0.5  # a linear head on the pooled states, in training only: it teaches the network before the adapter can
LABEL_SMOOTHING = 0.1
# How often a corpus is drawn, whatever its size: speech in the users' language most, bursts without words least.
CORPUS_SHARES = {"ravdess": 0.36, "emodb": 0.14, "nemo": 0.28, "emogator": 0.22}
ADAPTER_OPTIONS = {"embed_dim": EMBED_DIM, "num_heads": 4, "feedforward_dim": 512, "num_layers": 3, "dropout": 0.15}


class VoiceTower(nn.Module):
    """Log-mel network and auditory adapter, with the scale of their cosines while they train."""

    anchors: Tensor

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.network = LogMelNetwork(width)
        self.adapter = AuditoryAdapter(audio_dim=self.network.state_dim, **ADAPTER_OPTIONS)  # type: ignore[arg-type]
        self.auxiliary = nn.Linear(self.network.state_dim, NUM_EMOTIONS)
        self.log_scale = nn.Parameter(torch.tensor(2.2))
        self.register_buffer("anchors", torch.from_numpy(emotion_anchors(EMBED_DIM)), persistent=False)

    def embed(self, samples: Tensor, mask: Tensor) -> Tensor:
        """(b, n) sound -> (b, embed_dim) unit vectors."""
        result: Tensor = F.normalize(self.adapter(*self.states(samples, mask)).float(), dim=-1)
        return result

    def states(self, samples: Tensor, mask: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """(b, n) sound -> (b, t, state_dim) states and their mask; a generator turns SpecAugment on."""
        frames = 1 + samples.shape[1] // HOP_LENGTH
        frame_mask = torch.arange(frames)[None] < (1 + mask.sum(1) // HOP_LENGTH)[:, None]
        with torch.autocast("cpu", enabled=False):
            mels = self.network.log_mel(samples, frame_mask)
        if generator is not None:
            mels = hide_stretches(mels, generator)
        return self.network.from_mels(mels, frame_mask)

    def logits(self, embeddings: Tensor) -> Tensor:
        """(b, embed_dim) -> (b, num_emotions)."""
        result: Tensor = self.log_scale.exp() * embeddings @ self.anchors.T
        return result


Batch = tuple[Tensor, Tensor, Tensor, torch.Generator]


class VoiceBatches:
    """Augmented batches of one epoch; corpora by `CORPUS_SHARES`, classes evenly within a corpus."""

    def __init__(self, voices: VoiceSet, num_clips: int, generator: torch.Generator) -> None:
        self.voices, self.generator, self.num_clips = voices, generator, num_clips
        corpora = np.array(voices.corpora)
        weights = np.zeros(len(voices))
        for corpus in set(voices.corpora):
            inside = corpora == corpus
            counts = np.bincount(voices.labels[inside], minlength=NUM_EMOTIONS)
            per_clip = 1.0 / np.maximum(counts, 1)[voices.labels[inside]] ** 0.7
            weights[inside] = CORPUS_SHARES[corpus] * per_clip / per_clip.sum()
        self.order = torch.multinomial(torch.from_numpy(weights), num_clips, replacement=True, generator=generator).tolist()

    def __len__(self) -> int:
        return self.num_clips // BATCH_SIZE

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self) * BATCH_SIZE, BATCH_SIZE):
            rows = self.order[start : start + BATCH_SIZE]
            samples, mask = pad_clips([self.voices.clip(row) for row in rows], int(TRAIN_CLIP_S * SAMPLE_RATE_HZ), self.generator)
            samples, mask = augment_sound(samples, mask, self.generator)
            yield samples, mask, torch.from_numpy(self.voices.labels[rows]), self.generator


def train_voices(
    train: VoiceSet,
    valid: VoiceSet,
    checkpoint: Path,
    num_epochs: tuple[int, int] = (28, 22),
    seed: int = 0,
    report: Report | None = None,
) -> VoiceTower:
    """Fit the tower in two cycles of the learning rate (Loshchilov and Hutter 2017); the best epoch on held-out speakers is kept.

    Args:
        train, valid: see `split_by_speaker`.
        checkpoint: of the first cycle; the second one's stands beside it.
        num_epochs: of the two cycles.
    """
    torch.manual_seed(seed)
    tower = VoiceTower()
    num_clips = min(2560, 2 * len(train))
    second = checkpoint.with_stem(checkpoint.stem + "_second")
    cycles = (
        (checkpoint, TrainerOptions(num_epochs[0], 7e-4, 0.03, 1.0, 0.98, 5.0, seed=seed)),
        (second, TrainerOptions(num_epochs[1], 5e-4, 0.03, 1.0, 0.99, 5.0, seed=seed + 1)),
    )
    for file, options in cycles:
        Trainer(tower, options, file, mixed_precision=True).fit(
            lambda _epoch, generator: VoiceBatches(train, num_clips, generator),
            voice_loss,
            lambda module: score_voices(module, valid),
            report,
        )
    return tower


def voice_loss(tower: nn.Module, batch: Batch) -> Tensor:
    """Cross entropy over the anchors plus SupCon over the union of audio features and anchors."""
    assert isinstance(tower, VoiceTower)
    samples, mask, labels, generator = batch
    states, state_mask = tower.states(samples, mask, generator)
    embeddings = F.normalize(tower.adapter(states, state_mask).float(), dim=-1)
    weights = state_mask.unsqueeze(-1).to(states.dtype)
    pooled = (states * weights).sum(1) / weights.sum(1).clamp_min(1)
    auxiliary = F.cross_entropy(tower.auxiliary(pooled).float(), labels, label_smoothing=LABEL_SMOOTHING)
    cross_entropy = F.cross_entropy(tower.logits(embeddings), labels, label_smoothing=LABEL_SMOOTHING)
    union = torch.cat([embeddings, tower.anchors])
    contrastive = supcon_loss(union, torch.cat([labels, torch.arange(NUM_EMOTIONS)]), temperature=0.2)
    return cross_entropy + SUPCON_SHARE * contrastive + AUXILIARY_SHARE * auxiliary


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
