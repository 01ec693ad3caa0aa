"""Contrastive losses: SupCon for sound and text (EmoAsst, Eq. 1), InfoNCE for video and text."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from emoasst_core.errors import EmoAsstError

TEMPERATURE = 0.07  # fixed; CLIP starts its learned scale at 1 / 0.07, SupCon's authors use the same for speech and images


def supcon_loss(features: Tensor, labels: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Supervised contrastive loss, L_out of Khosla et al. 2020.

    For an anchor i, A(i) is everything but i and P(i) those of A(i) with its label:

        loss = mean over i of  -1/|P(i)|  sum over p in P(i) of  log( exp(f_i.f_p / T) / sum over a in A(i) of exp(f_i.f_a / T) )

    Anchors without a positive are skipped. EmoAsst takes the union of audio and text features, so n is twice the batch.

    Args:
        features: (n, d), normalised here.
        labels: (n,) class of each.
        temperature: T.

    Returns:
        Scalar; 0 where no anchor has a positive.

    Raises:
        EmoAsstError: shapes that do not fit.
    """
    _check(features, features, labels)
    unit = F.normalize(features.float(), dim=-1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    scores = (unit @ unit.T / temperature).masked_fill(itself, -torch.inf)
    positives = (labels[:, None] == labels[None]) & ~itself
    return _mean_over_anchors(scores, positives)


def info_nce_loss(a: Tensor, b: Tensor, labels: Tensor | None = None, temperature: float = TEMPERATURE) -> Tensor:
    """Symmetric InfoNCE between two views: a_i looks for its partners among all b, and the reverse.

    With `labels`, every b_j of the same class is a partner (multi-positive: no same-class clip is pushed away as a negative).
    Without, only b_i is: the plain CLIP loss, the reading closest to the paper's.

    Args:
        a, b: (n, d) video and text features, normalised here.
        labels: (n,) class of each pair, or None.
        temperature: divides the cosines.

    Returns:
        Scalar, the mean of both directions.

    Raises:
        EmoAsstError: shapes that do not fit.
    """
    if labels is None:
        labels = torch.arange(len(a), device=a.device)
    _check(a, b, labels)
    scores = F.normalize(a.float(), dim=-1) @ F.normalize(b.float(), dim=-1).T / temperature
    positives = labels[:, None] == labels[None]
    return 0.5 * (_mean_over_anchors(scores, positives) + _mean_over_anchors(scores.T, positives))


def _mean_over_anchors(scores: Tensor, positives: Tensor) -> Tensor:
    num_positives = positives.sum(1)
    # filled with 0 where it is no positive, so that -inf of the anchor itself cannot become NaN in the gradient
    log_probs = torch.log_softmax(scores, dim=1).masked_fill(~positives, 0.0)
    has_positive = num_positives > 0
    per_anchor = -log_probs.sum(1) / num_positives.clamp(min=1)
    return per_anchor.sum() / has_positive.sum().clamp(min=1)


def _check(a: Tensor, b: Tensor, labels: Tensor) -> None:
    if a.dim() != 2 or a.shape != b.shape or labels.shape != a.shape[:1]:
        shapes = f"{tuple(a.shape)}, {tuple(b.shape)}, {tuple(labels.shape)}"
        raise EmoAsstError(f"Features and labels of shapes {shapes} do not fit together.")
