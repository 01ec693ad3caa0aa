"""Other light and other cameras: tone curves, and light or shadow that falls from one side."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from emoasst_core.training.starter.random_draws import chance, normal, uniform


def change_tone(pictures: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    """Gamma, an S-shaped curve, gain and offset.

    What weights a camera or a program gives to red, green and blue when a colour picture becomes grey changes the tone of
    skin against that of lips and hair: a tone curve is how that looks on a picture that is grey already.

    Args:
        pictures: (b, 1, h, w) in [0, 1].
    """
    count = len(pictures)
    gamma = torch.exp(normal(generator, count, 0.3, 0.8) * strength)
    curve = uniform(generator, count, -0.35, 0.35) * strength
    gain = 1 + uniform(generator, count, -0.3, 0.25) * strength
    offset = uniform(generator, count, -0.12, 0.12) * strength
    toned = pictures.clamp(1e-4, 1) ** gamma
    toned = toned - curve * torch.sin(2 * math.pi * toned) / (2 * math.pi)
    return (toned * gain + offset).clamp(0, 1)


def cast_light(views: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    """A ramp of light across the picture, and now and then the edge of a shadow.

    Args:
        views: (b, 1, s, s) in [0, 1].
    """
    count, size = len(views), views.shape[-1]
    angle = uniform(generator, count, 0, 2 * math.pi)
    slope = uniform(generator, count, -0.2, 0.6).clamp_min(0) * strength
    edge = uniform(generator, count, -0.6, 0.6)
    softness = uniform(generator, count, 3, 20)
    depth = uniform(generator, count, 0.2, 0.75) * chance(generator, count, 0.2 * strength)
    axis = torch.linspace(-1, 1, size, device=views.device)
    across = torch.cos(angle) * axis.view(1, 1, 1, -1) + torch.sin(angle) * axis.view(1, 1, -1, 1)
    shadow = 1 - depth * torch.sigmoid((across - edge) * softness)
    return (views * (1 + slope * across) * shadow).clamp(0, 1)
