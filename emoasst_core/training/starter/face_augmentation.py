"""Make 48-pixel grey photographs look like what other cameras, cropping tools and collections deliver.

In this order: low resolution and JPEG of the source; its tone; where the crop lies (scale, offset, tilt, aspect, shear,
mirror) and what is seen beyond the photograph's edge; light that falls from one side; a background that is masked out;
things before the face; blur or sharpening; noise. See `face_lighting` and `face_occlusion` for the middle steps.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.encoders.face_normalisation import sharpen_soft, standardise_face
from emoasst_core.training.starter.face_lighting import cast_light, change_tone
from emoasst_core.training.starter.face_occlusion import hide_parts, mask_background
from emoasst_core.training.starter.random_draws import chance, normal, uniform

MAX_TILT_DEGREES: Final = 28.0
MIN_BLUR, MAX_BLUR = 0.007, 0.034  # standard deviation as a share of the side
FACE_DETAIL: Final = 0.31  # softer faces are sharpened up to this; 1.6 times the median (0.196) of 3,000 FER+ training pictures
NUM_FILLINGS: Final = 5  # what lies beyond the photograph: its edge, its mirror image, another face, one grey, a texture


def augment(
    images: NDArray[np.uint8], size: int, generator: torch.Generator, strength: float = 1.0, device: str = "cpu"
) -> Tensor:
    """Random views of face pictures.

    Args:
        images: (b, h, w) uint8, grey.
        size: side of the output in pixels.
        generator: source of all randomness, on the CPU; on another device a generator that is seeded from it draws the rest.
        strength: 1 trains; 0 leaves only the resize.
        device: where the views are made.

    Returns:
        (b, 3, size, size) as the tower sees them, see `seen_by_tower`, on the device.
    """
    compressed = torch.from_numpy(_compress(images, generator, 0.25 * strength))
    if device != "cpu":
        generator = torch.Generator(device).manual_seed(int(torch.randint(0, 2**62, (1,), generator=generator)))
    pictures = compressed.to(device).float().div_(255).unsqueeze(1)
    pictures = change_tone(_lose_detail(pictures, generator, 0.4 * strength), generator, strength)
    views = _warp(pictures, size, generator, strength)
    views = cast_light(views, generator, strength)
    views = mask_background(views, generator, 0.2 * strength)
    views = hide_parts(views, generator, 0.3 * strength)
    views = _change_sharpness(views, generator, strength)
    return seen_by_tower(_add_noise(views, generator, strength)).contiguous(memory_format=torch.channels_last)


def seen_by_tower(grey: Tensor) -> Tensor:
    """(b, 1, s, s) in [0, 1] -> (b, 3, s, s): sharp enough, brightness and contrast taken out, as the card says."""
    return standardise_face(sharpen_soft(grey, FACE_DETAIL))


def _compress(images: NDArray[np.uint8], generator: torch.Generator, probability: float) -> NDArray[np.uint8]:
    result = images.copy()
    chosen = torch.rand(len(images), generator=generator) < probability
    quality = torch.randint(12, 75, (len(images),), generator=generator)
    for row in torch.nonzero(chosen).flatten().tolist():
        kind, flag = ((".jpg", cv2.IMWRITE_JPEG_QUALITY), (".webp", cv2.IMWRITE_WEBP_QUALITY))[row % 4 == 0]
        ok, buffer = cv2.imencode(kind, images[row], [flag, int(quality[row])])
        picture = cv2.imdecode(buffer, cv2.IMREAD_GRAYSCALE) if ok else None
        if picture is not None:
            result[row] = picture
    return result


def _lose_detail(pictures: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    chosen = chance(generator, len(pictures), probability).flatten()
    side = int(torch.randint(16, 42, (1,), generator=generator, device=generator.device))
    if not chosen.any():
        return pictures
    small = F.interpolate(pictures[chosen], size=(side, side), mode="area")
    pictures = pictures.clone()
    pictures[chosen] = F.interpolate(small, size=pictures.shape[-2:], mode="bilinear", align_corners=False)
    return pictures


def _warp(pictures: Tensor, size: int, generator: torch.Generator, strength: float) -> Tensor:
    count = len(pictures)
    zoom = torch.exp(_log_zoom(generator, count) * strength)
    stretch = torch.exp(normal(generator, count, 0.07, 0.18).view(-1) * strength)
    shear = normal(generator, count, 0.07, 0.18).view(-1) * strength
    tilt = torch.deg2rad(normal(generator, count, 12.0, MAX_TILT_DEGREES).view(-1) * strength)
    shift = normal(generator, 2 * count, 0.09, 0.22).view(count, 2) * strength
    mirror = torch.where(chance(generator, count, 0.5 * (strength > 0)).view(-1), -1.0, 1.0)
    cos, sin = torch.cos(tilt) * zoom, torch.sin(tilt) * zoom
    top = torch.stack([cos * stretch * mirror, -sin + shear, shift[:, 0]], 1)
    bottom = torch.stack([sin * mirror, cos / stretch, shift[:, 1]], 1)
    grid = F.affine_grid(torch.stack([top, bottom], 1), [count, 1, size, size], align_corners=False)
    views = F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)
    if strength == 0:
        return views
    outside = (grid.abs().amax(-1, keepdim=True) > 1).permute(0, 3, 1, 2)
    return torch.where(outside, _surroundings(pictures, views, grid, generator), views)


def _log_zoom(generator: torch.Generator, count: int) -> Tensor:
    """(count,) log of how wide the crop is: around 1, but a fifth much tighter (down to 0.64), a fifth wider (up to 1.5)."""
    zoom = normal(generator, count, 0.15, 0.42).view(-1)
    kind = uniform(generator, count, 0.0, 1.0).view(-1)
    zoom = torch.where(kind < 0.2, uniform(generator, count, -0.45, -0.12).view(-1), zoom)
    return torch.where(kind > 0.8, uniform(generator, count, 0.1, 0.42).view(-1), zoom)


def _surroundings(pictures: Tensor, views: Tensor, grid: Tensor, generator: torch.Generator) -> Tensor:
    count, size = len(pictures), grid.shape[1]
    filling = torch.randint(0, NUM_FILLINGS, (count, 1, 1, 1), generator=generator, device=generator.device)
    level = uniform(generator, count, 0.0, 1.0) * chance(generator, count, 0.7)  # every third one black
    mirrored = F.grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    others = F.interpolate(pictures.roll(1, 0)[:, :, 6:30, 6:30], size=(size, size), mode="bilinear", align_corners=False)
    texture = F.interpolate(
        torch.rand(count, 1, 6, 6, generator=generator, device=generator.device), size=(size, size), mode="bilinear"
    )
    around = torch.where(filling == 1, mirrored, views)
    around = torch.where(filling == 2, others, around)
    around = torch.where(filling == 3, level.expand_as(around), around)
    return torch.where(filling == 4, texture, around)


def _change_sharpness(views: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    """About half are left alone, up to four of ten are blurred, the rest is sharpened as a camera or a large picture is."""
    soft = F.avg_pool2d(F.pad(views, (1, 1, 1, 1), mode="replicate"), 3, 1)
    draw = uniform(generator, len(views), 0.0, 1.0)
    amount = uniform(generator, len(views), 0.3, 1.0)
    sharpened = (views + (views - soft) * 1.5 * amount).clamp(0, 1)
    result = torch.where(draw > 1 - 0.25 * strength, sharpened, views)
    rows = torch.nonzero(draw.flatten() < 0.4 * strength).flatten()
    return result.index_copy(0, rows, _blur(views[rows], generator)) if len(rows) else result


def _blur(views: Tensor, generator: torch.Generator) -> Tensor:
    """Out of focus, or every third one moved: Gaussians of up to `MAX_BLUR` of the side, each of its own width and direction."""
    count, size = len(views), views.shape[-1]
    along = torch.exp(uniform(generator, count, math.log(MIN_BLUR * size), math.log(MAX_BLUR * size)))
    across = torch.where(chance(generator, count, 1 / 3), torch.full_like(along, MIN_BLUR * size), along)
    along = torch.where(across < along, along * 1.4, along)
    angle = uniform(generator, count, 0.0, math.pi)
    reach = math.ceil(2 * MAX_BLUR * size)
    axis = torch.arange(-reach, reach + 1, dtype=torch.float32, device=views.device)
    x, y = axis.view(1, 1, 1, -1), axis.view(1, 1, -1, 1)
    u, v = torch.cos(angle) * x + torch.sin(angle) * y, torch.cos(angle) * y - torch.sin(angle) * x
    kernels = torch.exp(-0.5 * ((u / along).square() + (v / across).square()))
    kernels = kernels / kernels.sum((2, 3), keepdim=True)
    padded = F.pad(views, (reach,) * 4, mode="replicate").transpose(0, 1)
    return F.conv2d(padded, kernels, groups=count).transpose(0, 1)


def _add_noise(views: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    amount = (uniform(generator, len(views), -0.04, 0.035) * strength).clamp_min(0)
    return (views + torch.randn(views.shape, generator=generator, device=views.device) * amount).clamp(0, 1)
