"""Things before a face, and backgrounds taken away."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from emoasst_core.training.starter.random_draws import chance, uniform

# centre (x, y) and half width and height, as shares of the side, of what commonly hides a part of a face
GLASSES = ((0.5, 0.38), (0.36, 0.075))
HAND = ((0.5, 0.78), (0.24, 0.16))
FRINGE = ((0.5, 0.08), (0.5, 0.13))


def mask_background(views: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    """Replace what lies outside an ellipse around the face by one grey, black or a texture.

    Args:
        views: (b, 1, s, s) in [0, 1].
    """
    count, size = len(views), views.shape[-1]
    axis = torch.linspace(-1, 1, size, device=views.device)
    width, height = uniform(generator, count, 0.7, 1.05), uniform(generator, count, 0.85, 1.2)
    outside = (axis.view(1, 1, 1, -1) / width) ** 2 + (axis.view(1, 1, -1, 1) / height) ** 2 > 1
    outside = outside & chance(generator, count, probability)
    level = uniform(generator, count, 0.0, 1.0) * chance(generator, count, 0.6)
    texture = F.interpolate(
        torch.rand(count, 1, 5, 5, generator=generator, device=views.device), size=(size, size), mode="bilinear"
    )
    return torch.where(outside, torch.where(chance(generator, count, 0.4), texture, level.expand_as(texture)), views)


def hide_parts(views: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    """Put a patch anywhere, or something like dark glasses, a hand at the mouth or a fringe, before some of the faces.

    Args:
        views: (b, 1, s, s) in [0, 1].
    """
    count, size = len(views), views.shape[-1]
    device = views.device
    kind = torch.randint(0, 6, (count,), generator=generator, device=device)  # three of six: a patch anywhere
    centre = torch.rand(count, 2, generator=generator, device=device)
    half = torch.rand(count, 2, generator=generator, device=device) * 0.13 + 0.05
    jitter = torch.randn(count, 2, generator=generator, device=device) * 0.04
    scale = torch.rand(count, 1, generator=generator, device=device) * 0.6 + 0.7
    for number, (middle, extent) in enumerate((GLASSES, HAND, FRINGE)):
        rows = (kind == number).view(-1, 1)
        centre = torch.where(rows, torch.tensor(middle, device=device) + jitter, centre)
        half = torch.where(rows, torch.tensor(extent, device=device) * scale, half)
    axis = (torch.arange(size, device=device) + 0.5) / size
    across = (axis.view(1, 1, -1) - centre[:, :1].view(-1, 1, 1)) / half[:, :1].view(-1, 1, 1)
    down = (axis.view(1, -1, 1) - centre[:, 1:].view(-1, 1, 1)) / half[:, 1:].view(-1, 1, 1)
    round_one = (kind % 2 == 1).view(-1, 1, 1)
    hidden = torch.where(round_one, across**2 + down**2 < 1, (across.abs() < 1) & (down.abs() < 1)).unsqueeze(1)
    hidden = hidden & chance(generator, count, probability)
    return torch.where(hidden, uniform(generator, count, 0.0, 1.0).expand_as(views), views)
