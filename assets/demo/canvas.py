"""The grid that the face is drawn on, and the few strokes everything is made of."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]  # (height, width)
Picture = NDArray[np.float32]  # (height, width, 3) RGB, 0 to 1

UNIT = 112  # pixels per half face width
LEFT, RIGHT, TOP, BOTTOM = -1.75, 1.75, -2.15, 2.35  # edges of the grid in half face widths; the origin lies between the eyes
HEIGHT, WIDTH = round((BOTTOM - TOP) * UNIT), round((RIGHT - LEFT) * UNIT)
V, U = (axis.astype(np.float32) for axis in np.mgrid[0:HEIGHT, 0:WIDTH])
U, V = (U + 0.5) / UNIT + LEFT, (V + 0.5) / UNIT + TOP
SHIFT = 4  # OpenCV draws with positions in sixteenths of a pixel


def bump(u: float, v: float, width: float, height: float, down: Plane = V) -> Plane:
    """A soft hill of height 1 at (u, v). `down` may replace V by heights that depend on the row only."""
    rows = np.exp(-0.5 * ((down[:, 0] - v) / height) ** 2)
    columns = np.exp(-0.5 * ((U[0] - u) / width) ** 2)
    return np.outer(rows, columns).astype(np.float32)


def smoothstep(low: float, high: float, x: Plane | float) -> Plane:
    """0 below low, 1 above high, soft between."""
    t = np.clip((np.asarray(x, np.float32) - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def inside(distance: Plane) -> Plane:
    """Coverage of each pixel by the side where the distance (in half face widths) is positive: one pixel of soft edge."""
    return np.clip(distance * UNIT + 0.5, 0, 1).astype(np.float32)


def blur(plane: Plane, radius: float) -> Plane:
    """Gaussian blur; radius in half face widths."""
    return cv2.GaussianBlur(plane, (0, 0), max(0.3, radius * UNIT)).astype(np.float32)


def to_pixels(points: Sequence[tuple[float, float]] | NDArray[np.floating]) -> NDArray[np.int32]:
    """Points in half face widths as OpenCV's fixed-point pixels, (n, 1, 2)."""
    pixels = (np.asarray(points, np.float64) - (LEFT, TOP)) * UNIT - 0.5
    return np.round(pixels * (1 << SHIFT)).astype(np.int32).reshape(-1, 1, 2)


def stroke(points: Sequence[tuple[float, float]], width: float, softness: float) -> Plane:
    """A soft line through points, 1 at its middle."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    smooth = curve(points)
    cv2.polylines(mask, [to_pixels(smooth)], False, 255, max(1, round(width * UNIT)), cv2.LINE_AA, SHIFT)
    soft = blur(mask.astype(np.float32) / 255, softness)
    return soft / max(float(soft.max()), 1e-6)


def area(points: Sequence[tuple[float, float]] | NDArray[np.floating]) -> Plane:
    """Coverage of a closed outline."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [to_pixels(points)], 255, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / 255


def curve(points: Sequence[tuple[float, float]], num: int = 40) -> NDArray[np.float64]:
    """(num, 2): a smooth line through a few points (Catmull-Rom)."""
    known = np.asarray(points, np.float64)
    if len(known) < 3:
        return np.linspace(known[0], known[-1], num)
    padded = np.vstack([2 * known[0] - known[1], known, 2 * known[-1] - known[-2]])
    place = np.linspace(0, len(known) - 1 - 1e-9, num)
    index, t = place.astype(int), (place % 1)[:, None]
    a, b, c, d = (padded[index + k] for k in range(4))
    smooth: NDArray[np.float64] = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return smooth


def lay(picture: Picture, color: tuple[float, float, float] | Picture, coverage: Plane) -> Picture:
    """Lay a colour over a picture where it covers; the picture itself is changed and given back."""
    rows, columns = np.flatnonzero(coverage.max(1) > 1e-3), np.flatnonzero(coverage.max(0) > 1e-3)
    if not len(rows):
        return picture
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    colors = np.asarray(color, np.float32)
    if colors.ndim == 3:
        colors = colors[part]
    picture[part] += (colors - picture[part]) * coverage[part][..., None]
    return picture


def window(u: float, v: float, half_width: float, half_height: float) -> tuple[slice, slice]:
    """Rows and columns of the part of the canvas around (u, v)."""
    rows = slice(max(0, round((v - half_height - TOP) * UNIT)), min(HEIGHT, round((v + half_height - TOP) * UNIT)))
    columns = slice(max(0, round((u - half_width - LEFT) * UNIT)), min(WIDTH, round((u + half_width - LEFT) * UNIT)))
    return rows, columns
