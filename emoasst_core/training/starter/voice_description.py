"""Fit what the starter's voice encoder says of an utterance as a whole, before the rest of it.

A perceptron over 167 numbers sees hundreds of thousands of clips in the time in which the convolutions see ten thousand, and
needs them: trained together with the convolutions it stays behind, and with it what carries over to strangers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.training.starter.voice_data import VoiceSet

NUM_STEPS: Final = 3000
BATCH_SIZE: Final = 256
PEAK_RATE: Final = 2e-3
WEIGHT_DECAY: Final = 0.05
LABEL_SMOOTHING: Final = 0.1
HEAD_SHARE: Final = 0.5  # of a linear head, in training only
MIXUP: Final = 0.3  # both parameters of the Beta distribution (Zhang et al. 2018): mostly one clip, now and then two
NOISE: Final = 0.1  # standard deviations
# How often a corpus is drawn, whatever its size: speech in the users' language most, bursts without words least.
CORPUS_SHARES: Final = {"ravdess": 0.36, "emodb": 0.14, "nemo": 0.3, "emogator": 0.2}


def draw_weights(voices: VoiceSet, chosen: NDArray[np.bool_]) -> Tensor:
    """(num_clips,) how often each clip is drawn: corpora by their shares, emotions almost evenly within one; 0 if not chosen."""
    corpora = np.array(voices.corpora)
    weights = np.zeros(len(voices))
    for corpus in set(voices.corpora):
        inside = chosen & (corpora == corpus)
        counts = np.bincount(voices.labels[inside], minlength=NUM_EMOTIONS)
        per_clip = 1.0 / np.maximum(counts, 1)[voices.labels[inside]] ** 0.7
        weights[inside] = CORPUS_SHARES[corpus] * per_clip / max(per_clip.sum(), 1e-9)
    return torch.from_numpy(weights)


def fit_description(
    description: nn.Module,
    adapter: nn.Module,
    log_scale: nn.Parameter,
    anchors: Tensor,
    voices: VoiceSet,
    described: NDArray[np.float32],
    chosen: NDArray[np.bool_],
    seed: int,
    num_steps: int = NUM_STEPS,
) -> None:
    """Fit the description and the auditory adapter behind it in place, on utterances of one state.

    Args:
        description: (b, num_functionals) -> (b, state_dim).
        adapter: (b, t, state_dim) -> (b, embed_dim).
        log_scale: of the cosines with the anchors.
        anchors: (num_emotions, embed_dim).
        voices: the training clips.
        described: (num_copies, num_clips, num_functionals), 0 where a clip has no such copy.
        chosen: (num_clips,) which clips to learn from.
        seed: of the order, the noise and the mixing.
        num_steps: batches.
    """
    generator = torch.Generator().manual_seed(seed)
    values, labels = torch.from_numpy(described), torch.from_numpy(voices.labels)
    counts = (values != 0).any(2).sum(0)
    known = values[:, torch.from_numpy(chosen)].flatten(0, 1)
    spread = known[(known != 0).any(1)].std(0)
    head = nn.Linear(output_size(description), NUM_EMOTIONS)
    fitted = nn.ModuleList([description, adapter, head])
    for part in fitted:
        part.train()
    optimizer = torch.optim.AdamW([*fitted.parameters(), log_scale], PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=num_steps)
    weights = draw_weights(voices, chosen)
    for share in np.random.default_rng(seed).beta(MIXUP, MIXUP, num_steps).tolist():
        rows = torch.multinomial(weights, BATCH_SIZE, replacement=True, generator=generator)
        copies = (torch.rand(BATCH_SIZE, generator=generator) * counts[rows]).long()
        batch = values[copies, rows] + NOISE * spread * torch.randn(BATCH_SIZE, values.shape[2], generator=generator)
        order = torch.randperm(BATCH_SIZE, generator=generator)
        states = description(share * batch + (1 - share) * batch[order])
        embeddings = adapter(states.unsqueeze(1))
        loss = torch.zeros(())
        for logits, size in ((log_scale.exp() * embeddings @ anchors.T, 1.0), (head(states), HEAD_SHARE)):
            for wanted, weight in ((labels[rows], share), (labels[rows][order], 1 - share)):
                loss = loss + size * weight * F.cross_entropy(logits, wanted, label_smoothing=LABEL_SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def output_size(description: nn.Module) -> int:
    """Size of what the description gives."""
    return [layer.out_features for layer in description.modules() if isinstance(layer, nn.Linear)][-1]
