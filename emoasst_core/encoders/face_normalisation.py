"""How a face crop becomes the starter tower's input: grey, and with its own brightness and contrast taken out.

Training and prediction call the same functions, so a colour webcam crop and a 48-pixel grey original arrive alike.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# ITU-R BT.601 luma, the weights that grey photographs and OpenCV use
LUMA = (0.299, 0.587, 0.114)
FACE_ELLIPSE = (0.8, 0.9)  # half axes across and down, as shares of half the crop
MAX_DEVIATION = 4.0  # highlights and black bars count no more than this
MIN_CONTRAST = 8.0 / 255.0  # below this standard deviation a crop is flat (covered lens): do not blow up its noise
FINE_DETAIL = 1.1 / 64  # standard deviation, as a share of the side, of the Gaussian that fine detail is what it takes away
MAX_SHARPENING = 3.0  # times the fine detail is added at most: more shows noise and the blocks of JPEG


def to_grey(pictures: Tensor) -> Tensor:
    """(b, 3, h, w) RGB in [0, 1] -> (b, 1, h, w)."""
    red, green, blue = pictures.unbind(1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(1)


def standardise(grey: Tensor) -> Tensor:
    """Subtract each picture's mean and divide by its standard deviation; repeat to three channels.

    Args:
        grey: (b, 1, h, w) in [0, 1].

    Returns:
        (b, 3, h, w) with mean 0 and standard deviation 1 for every picture of ordinary contrast.
    """
    mean = grey.mean((2, 3), keepdim=True)
    deviation = grey.std((2, 3), keepdim=True, correction=0).clamp_min(MIN_CONTRAST)
    return ((grey - mean) / deviation).expand(-1, 3, -1, -1)


def standardise_face(grey: Tensor) -> Tensor:
    """As `standardise`, with the mean and deviation of the ellipse that a face fills.

    What stands behind a person then does not change how the face itself arrives.

    Args:
        grey: (b, 1, h, w) in [0, 1].

    Returns:
        (b, 3, h, w); inside the ellipse mean 0 and standard deviation 1 for every picture of ordinary contrast, and nowhere
        further from 0 than `MAX_DEVIATION`.
    """
    mean, deviation, _ = _of_face(grey)
    return ((grey - mean) / deviation).clamp(-MAX_DEVIATION, MAX_DEVIATION).expand(-1, 3, -1, -1)


def sharpen_soft(grey: Tensor, detail: float) -> Tensor:
    """Sharpen faces that are out of focus, moved or enlarged (unsharp masking) up to a given amount of fine detail.

    A camera's focus says nothing about a feeling; a tower takes a soft picture for a calm face. Sharp pictures stay as they are.

    Args:
        grey: (b, 1, h, w) in [0, 1].
        detail: wanted standard deviation of the fine detail inside the face's ellipse, in standard deviations of the face.

    Returns:
        (b, 1, h, w).
    """
    fine = grey - _smooth(grey, FINE_DETAIL * grey.shape[-1])
    _, deviation, inside = _of_face(grey)
    there = (fine.square() * inside).sum((2, 3), keepdim=True).sqrt() / deviation
    return grey + (detail / there.clamp_min(1e-3) - 1).clamp(0, MAX_SHARPENING) * fine


def _of_face(grey: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and standard deviation inside the ellipse, (b, 1, 1, 1) each, and its weights, (h, w)."""
    inside = face_window(grey.shape[-2], grey.shape[-1]).to(grey)
    mean = (grey * inside).sum((2, 3), keepdim=True)
    deviation = ((grey - mean).square() * inside).sum((2, 3), keepdim=True).sqrt().clamp_min(MIN_CONTRAST)
    return mean, deviation, inside


def _smooth(grey: Tensor, deviation: float) -> Tensor:
    """A Gaussian blur, (b, 1, h, w) to the same, the last pixels going on beyond the edges."""
    reach = math.ceil(3 * deviation)
    place = torch.arange(-reach, reach + 1, dtype=grey.dtype, device=grey.device)
    weights = torch.exp(-0.5 * (place / deviation).square())
    weights = weights / weights.sum()
    padded = F.pad(grey, (reach,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))


def face_window(height: int, width: int) -> Tensor:
    """(height, width) weights that sum to 1: even inside the ellipse of `FACE_ELLIPSE`, 0 outside."""
    down = torch.linspace(-1, 1, height).view(-1, 1) / FACE_ELLIPSE[1]
    across = torch.linspace(-1, 1, width).view(1, -1) / FACE_ELLIPSE[0]
    inside = (down.square() + across.square() <= 1).float()
    return inside / inside.sum()


def limit_detail(pictures: Tensor, side: int) -> Tensor:
    """Shrink pictures to the resolution of those the tower learned from: finer detail than it ever saw only misleads it.

    Args:
        pictures: (b, c, h, w).
        side: of the training pictures, in pixels.

    Returns:
        (b, c, side, side), or the pictures as they are if both their sides are shorter.
    """
    if max(pictures.shape[-2:]) <= side:
        return pictures
    return F.interpolate(pictures, (side, side), mode="bilinear", align_corners=False, antialias=True)
