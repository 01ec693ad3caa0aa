"""Make 48-pixel grey photographs look like what a webcam's face tracker delivers.

Crop scale and offset, head tilt, mirror, light (gamma, gain, a ramp across the face), blur and low resolution, noise,
JPEG, a hidden patch, and a background that is sometimes masked out: the ways in which other cameras and crops differ.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.encoders.face_normalisation import standardise


def augment(images: NDArray[np.uint8], size: int, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Random views of face pictures.

    Args:
        images: (b, h, w) uint8, grey.
        size: side of the output in pixels.
        generator: source of all randomness.
        strength: 1 trains; 0 leaves only the resize.

    Returns:
        (b, 3, size, size) standardised, see `standardise`.
    """
    pictures = torch.from_numpy(_compress(images, generator, 0.3 * strength)).float().div_(255).unsqueeze(1)
    pictures = _relight(pictures, generator, strength)
    views = _warp(pictures, size, generator, strength)
    views = _soften(views, generator, 0.35 * strength)
    views = _mask_background(views, generator, 0.25 * strength)
    views = _hide_patch(views, generator, 0.3 * strength)
    return standardise(_add_noise(views, generator, strength)).contiguous(memory_format=torch.channels_last)


def _uniform(generator: torch.Generator, count: int, low: float, high: float) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def _compress(images: NDArray[np.uint8], generator: torch.Generator, probability: float) -> NDArray[np.uint8]:
    result = images.copy()
    chosen = torch.rand(len(images), generator=generator) < probability
    quality = torch.randint(12, 70, (len(images),), generator=generator)
    for row in torch.nonzero(chosen).flatten().tolist():
        ok, buffer = cv2.imencode(".jpg", images[row], [cv2.IMWRITE_JPEG_QUALITY, int(quality[row])])
        picture = cv2.imdecode(buffer, cv2.IMREAD_GRAYSCALE) if ok else None
        if picture is not None:
            result[row] = picture
    return result


def _relight(pictures: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    count = len(pictures)
    gamma = torch.exp(_uniform(generator, count, -0.5, 0.5) * strength).view(-1, 1, 1, 1)
    gain = (1 + _uniform(generator, count, -0.3, 0.3) * strength).view(-1, 1, 1, 1)
    offset = (_uniform(generator, count, -0.15, 0.15) * strength).view(-1, 1, 1, 1)
    angle = _uniform(generator, count, 0, 2 * np.pi).view(-1, 1, 1, 1)
    slope = (_uniform(generator, count, 0, 0.35) * strength).view(-1, 1, 1, 1)
    axis = torch.linspace(-1, 1, pictures.shape[-1])
    ramp = torch.cos(angle) * axis.view(1, 1, 1, -1) + torch.sin(angle) * axis.view(1, 1, -1, 1)
    return ((pictures.clamp(0, 1) ** gamma) * gain * (1 + slope * ramp) + offset).clamp(0, 1)


def _warp(pictures: Tensor, size: int, generator: torch.Generator, strength: float) -> Tensor:
    count = len(pictures)
    zoom = torch.exp(_uniform(generator, count, -0.28, 0.22) * strength)  # 0.76 (tighter) to 1.25 (wider crop)
    stretch = torch.exp(_uniform(generator, count, -0.08, 0.08) * strength)
    tilt = torch.deg2rad(torch.randn(count, generator=generator).clamp(-2.2, 2.2) * 10 * strength)
    shift = _uniform(generator, 2 * count, -0.14, 0.14).view(count, 2) * strength
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5 * (strength > 0), -1.0, 1.0)
    cos, sin = torch.cos(tilt) * zoom, torch.sin(tilt) * zoom
    top = torch.stack([cos * stretch * mirror, -sin, shift[:, 0]], 1)
    bottom = torch.stack([sin * mirror, cos / stretch, shift[:, 1]], 1)
    grid = F.affine_grid(torch.stack([top, bottom], 1), [count, 1, size, size], align_corners=False)
    padding = ("border", "reflection", "zeros")[int(torch.randint(0, 3, (1,), generator=generator))]
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode=padding, align_corners=False)


def _soften(views: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    chosen = torch.rand(len(views), generator=generator) < probability
    if chosen.any():
        side = int(torch.randint(18, 44, (1,), generator=generator))
        small = F.interpolate(views[chosen], size=(side, side), mode="area")
        views = views.clone()
        views[chosen] = F.interpolate(small, size=views.shape[-2:], mode="bilinear", align_corners=False)
    return views


def _mask_background(views: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    count, size = len(views), views.shape[-1]
    axis = torch.linspace(-1, 1, size)
    width = _uniform(generator, count, 0.72, 1.0).view(-1, 1, 1)
    height = _uniform(generator, count, 0.9, 1.2).view(-1, 1, 1)
    outside = ((axis.view(1, 1, -1) / width) ** 2 + (axis.view(1, -1, 1) / height) ** 2 > 1).unsqueeze(1)
    outside &= (torch.rand(count, generator=generator) < probability).view(-1, 1, 1, 1)
    level = torch.rand(count, 1, 1, 1, generator=generator)
    texture = F.interpolate(torch.rand(count, 1, 5, 5, generator=generator), size=(size, size), mode="bilinear")
    textured = (torch.rand(count, generator=generator) < 0.5).view(-1, 1, 1, 1)
    return torch.where(outside, torch.where(textured, texture, level.expand_as(texture)), views)


def _hide_patch(views: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    count, size = len(views), views.shape[-1]
    centre = torch.rand(count, 2, generator=generator) * size
    half = (_uniform(generator, 2 * count, 0.06, 0.2) * size).view(count, 2)
    axis = torch.arange(size)
    rows = (axis.view(1, -1, 1) - centre[:, 0].view(-1, 1, 1)).abs() < half[:, 0].view(-1, 1, 1)
    columns = (axis.view(1, 1, -1) - centre[:, 1].view(-1, 1, 1)).abs() < half[:, 1].view(-1, 1, 1)
    hidden = (rows & columns).unsqueeze(1) & (torch.rand(count, generator=generator) < probability).view(-1, 1, 1, 1)
    return torch.where(hidden, torch.rand(count, 1, 1, 1, generator=generator), views)


def _add_noise(views: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    amount = (_uniform(generator, len(views), -0.03, 0.05) * strength).clamp_min(0).view(-1, 1, 1, 1)
    return (views + torch.randn(views.shape, generator=generator) * amount).clamp(0, 1)
