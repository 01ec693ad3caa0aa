"""How a face crop becomes the starter tower's input: grey, and with its own brightness and contrast taken out.

Training and prediction call the same functions, so a colour webcam crop and a 48-pixel grey original arrive alike.
"""

from __future__ import annotations

from torch import Tensor

# ITU-R BT.601 luma, the weights that grey photographs and OpenCV use
LUMA = (0.299, 0.587, 0.114)
MIN_CONTRAST = 8.0 / 255.0  # below this standard deviation a crop is flat (covered lens): do not blow up its noise


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
