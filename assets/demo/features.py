"""Eyes, brows and mouth: drawn onto the lit skin."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from canvas import SHIFT, UNIT, Picture, Plane, U, V, area, blur, bump, curve, inside, lay, smoothstep, stroke, to_pixels, window
from expression import Expression
from surface import MOUTH_V

EYE_U, EYE_V, EYE_HALF = 0.42, -0.10, 0.215
IRIS, PUPIL = 0.108, 0.046
IRIS_COLOR, LASH_COLOR, BROW_COLOR = (0.30, 0.22, 0.13), (0.10, 0.065, 0.055), (0.17, 0.11, 0.08)
LIP_COLOR, TEETH_COLOR, INSIDE_COLOR, TONGUE_COLOR = (
    (0.69, 0.33, 0.31),
    (0.93, 0.90, 0.84),
    (0.16, 0.05, 0.05),
    (0.60, 0.27, 0.27),
)


MOUTH_WINDOW = window(0, 1.05, 0.70, 0.65)


@dataclass(frozen=True, slots=True)
class Mouth:
    """Coverage of the parts of the mouth, the relief of the lips, and where the right corner is."""

    upper_lip: Plane
    lower_lip: Plane
    opening: Plane
    upper_edge: Plane
    lower_edge: Plane
    across: Plane
    relief: Plane
    corner: tuple[float, float]


def shape_mouth(expression: Expression) -> Mouth:
    """Work out the curves of both lips from the expression."""
    half = 0.385 * (1 + expression.stretch) * (1 - 0.30 * expression.pout)
    x = np.clip(U / half, -1.3, 1.3)
    bow = np.clip(1 - x**2, 0, 1)
    line = MOUTH_V - expression.corners * (np.abs(x) ** (2.0 if expression.corners > 0 else 2.4) - 0.30)
    upper_gap = 0.20 * expression.jaw + 0.05 * expression.teeth * expression.jaw / 0.2
    lower_gap = 0.80 * expression.jaw
    smile = np.clip(expression.corners / 0.2, 0, 1)
    upper_edge = line - upper_gap * (bow**0.6 * (1 - smile) + bow**1.0 * smile * 0.3)
    lower_edge = line + lower_gap * (bow**0.6 * (1 - smile) + bow**0.75 * smile)
    lower_edge = lower_edge - 0.035 * expression.lower_lip * bow
    upper_edge = upper_edge - 0.035 * expression.lower_lip * bow
    thin = 1 - 0.35 * smile - 0.30 * expression.lower_lip
    cupid = 0.105 * bow**0.75 - 0.022 * np.exp(-0.5 * (U / 0.045) ** 2) + 0.012 * np.exp(-0.5 * ((np.abs(U) - 0.09) / 0.05) ** 2)
    upper_top = upper_edge - thin * np.clip(cupid, 0, None) * (1 + 0.25 * expression.pout)
    lower_bottom = lower_edge + 0.135 * thin * bow**0.7 * (1 + 0.25 * expression.pout + 0.15 * expression.lower_lip)
    in_width = inside(half * 1.0 - np.abs(U))
    upper_lip = inside(V - upper_top) * inside(upper_edge - V) * in_width
    lower_lip = inside(V - lower_edge) * inside(lower_bottom - V) * in_width
    opening = inside(V - upper_edge) * inside(lower_edge - V) * in_width
    relief = 0.055 * blur(upper_lip, 0.030) + 0.10 * blur(lower_lip, 0.035) - 0.05 * blur(opening, 0.02)
    corner = (half, MOUTH_V - 0.70 * expression.corners)
    for side in (-1, 1):
        relief -= 0.030 * bump(side * (corner[0] + 0.015), corner[1], 0.035, 0.035)
    return Mouth(blur(upper_lip, 0.007), blur(lower_lip, 0.009), opening, upper_edge, lower_edge, x, relief, corner)


def draw_mouth(picture: Picture, mouth: Mouth, expression: Expression, brightness: Plane) -> Picture:
    """Lips, the line between them, and teeth and tongue where the mouth is open."""
    lit = brightness[..., None]
    lay(picture, np.asarray(LIP_COLOR, np.float32) * 0.86 * lit, mouth.upper_lip * 0.85)
    lay(picture, np.asarray(LIP_COLOR, np.float32) * 1.06 * lit, mouth.lower_lip * 0.80)
    part = MOUTH_WINDOW
    upper, across, down = mouth.upper_edge[part], mouth.across[part], V[part]
    gap = np.clip(mouth.lower_edge[part] - upper, 0, None)
    lay(picture[part], _inside_of_mouth(expression, upper, across, down, gap), mouth.opening[part])
    closed = 1 - smoothstep(0.01, 0.05, gap)
    line = np.exp(-0.5 * ((down - upper - gap / 2) / 0.013) ** 2) * (np.abs(across) < 1.02) * closed
    lay(picture[part], (0.30, 0.11, 0.10), (0.80 * line).astype(np.float32))
    for side in (-1, 1):
        lay(picture, (0.30, 0.13, 0.11), 0.45 * bump(side * mouth.corner[0], mouth.corner[1], 0.030, 0.022))
    return picture


def _inside_of_mouth(expression: Expression, upper: Plane, across: Plane, down: Plane, gap: Plane) -> Picture:
    """Dark, a tongue low down, and the upper teeth as far as the lip leaves them free."""
    inner = np.ones((*gap.shape, 3), np.float32) * np.asarray(INSIDE_COLOR, np.float32)
    arch = np.clip(1 - across**2, 0, 1)
    low = smoothstep(0.45, 0.85, (down - upper) / np.maximum(gap, 1e-3))
    lay(inner, TONGUE_COLOR, 0.7 * smoothstep(0.10, 0.28, gap) * low * arch)
    height = 0.155 * (0.15 + 0.85 * expression.teeth)
    depth = (down - upper) / height
    seam = np.abs(np.sin(np.pi * U[MOUTH_WINDOW] / 0.105)) ** 0.35
    light = (0.62 + 0.38 * np.sqrt(arch)) * (0.78 + 0.22 * smoothstep(0.0, 0.35, depth)) * (0.90 + 0.10 * seam)
    teeth = np.clip((0.93 + 0.07 * seam - depth) * height * UNIT + 0.5, 0, 1) * (1 - smoothstep(0.80, 0.97, np.abs(across)))
    lay(inner, np.asarray(TEETH_COLOR, np.float32) * light[..., None].astype(np.float32), teeth * smoothstep(0.03, 0.06, gap))
    return inner * (0.55 + 0.45 * smoothstep(0, 0.05, down - upper))[..., None]


def draw_eye(picture: Picture, side: int, expression: Expression, brightness: Plane) -> Picture:
    """One eye: lids, white, iris and pupil, light in it, lashes, fold of the lid."""
    centre = side * EYE_U
    part = window(centre, EYE_V, 0.32, 0.36)
    across, down, view = U[part], V[part], picture[part]
    x = (across - centre) * side / EYE_HALF  # -1 at the nose, 1 at the temple
    bow = np.clip(1 - x**2, 0, 1)
    rest = EYE_V - 0.02 * x + 0.02 * (1 - bow)
    upper = rest - 0.108 * expression.eyes * bow**0.62
    lower = rest + (0.068 - 0.055 * expression.lower_lids + 0.012 * max(0.0, expression.eyes - 1)) * bow**0.8
    lower = np.maximum(lower, upper)
    opening = inside(down - upper) * inside(lower - down) * inside((1 - np.abs(x)) * EYE_HALF)
    lay(view, _eyeball(expression, x, across - centre, down, upper, blur(brightness[part], 0.15)), opening)

    near = (np.abs(x) < 1.06).astype(np.float32)
    lash = np.exp(-0.5 * ((down - upper + 0.006) / (0.016 + 0.006 * np.clip(x, 0, 1))) ** 2) * near
    lay(view, LASH_COLOR, 0.92 * lash * smoothstep(-1.05, -0.6, x))
    lay(view, (0.36, 0.20, 0.17), 0.50 * near * np.exp(-0.5 * ((down - lower - 0.004) / 0.009) ** 2))
    fold = upper - 0.062 - 0.014 * expression.eyes
    lay(view, (0.36, 0.20, 0.16), 0.50 * near * np.exp(-0.5 * ((down - fold) / 0.013) ** 2) * bow**0.3)
    return picture


def _eyeball(expression: Expression, x: Plane, across: Plane, down: Plane, upper: Plane, light: Plane) -> Picture:
    """White, iris, pupil and the reflection of the window, shaded by the upper lid."""
    bow = np.clip(1 - x**2, 0, 1)
    white = 0.86 * (0.80 + 0.20 * bow) * (0.62 + 0.38 * smoothstep(0.0, 0.10, down - upper)) * (0.45 + 0.60 * light)
    eye = (white[..., None] * np.asarray((1.0, 0.965, 0.94))).astype(np.float32)
    lay(eye, (0.75, 0.48, 0.44), 0.6 * np.exp(-0.5 * ((x + 0.97) / 0.10) ** 2))
    iris_u, iris_v = 0.055 * expression.gaze_x, EYE_V - 0.018 + 0.045 * expression.gaze_y
    radius, angle = np.hypot(across - iris_u, down - iris_v), np.arctan2(down - iris_v, across - iris_u)
    rays = 1 + 0.22 * np.sin(23 * angle) * np.sin(9 * angle + 1)
    shade = (0.55 + 0.75 * smoothstep(-0.1, 0.1, down - iris_v)) * rays * (1 - 0.6 * smoothstep(0.75 * IRIS, IRIS, radius))
    lay(eye, (np.asarray(IRIS_COLOR) * 1.35 * shade[..., None]).astype(np.float32), inside(IRIS - radius))
    lay(eye, (0.02, 0.02, 0.02), inside(PUPIL - radius))
    eye *= (0.45 + 0.55 * smoothstep(0.0, 0.075, down - upper))[..., None]
    spark = np.hypot(across - (iris_u - 0.035), down - (iris_v - 0.035))
    return lay(eye, (1.0, 1.0, 0.98), 0.95 * inside(0.021 - spark))


@functools.cache
def _hairs() -> list[tuple[float, float, float, float]]:
    rng = np.random.default_rng(5)
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in rng.uniform(0, 1, (150, 4))]


def draw_brow(picture: Picture, side: int, expression: Expression) -> Picture:
    """One brow: many short hairs along a curve that the expression bends."""
    inner_u = 0.165 - 0.5 * expression.brow_squeeze
    ridge = curve(
        [
            (side * inner_u, -0.35 - expression.brow_inner),
            (side * 0.34, -0.392 - 0.45 * expression.brow_inner - 0.55 * expression.brow_middle),
            (side * 0.53, -0.408 - expression.brow_middle),
            (side * 0.735, -0.325 - expression.brow_outer),
        ]
    )
    thickness = np.interp(np.linspace(0, 1, len(ridge)), [0, 0.2, 0.6, 1], [0.034, 0.044, 0.036, 0.008])
    outline = np.vstack([ridge - np.c_[np.zeros(len(ridge)), thickness], (ridge + np.c_[np.zeros(len(ridge)), thickness])[::-1]])
    lay(picture, BROW_COLOR, 0.72 * blur(area(outline), 0.012))
    mask = np.zeros_like(U, np.uint8)
    for along, place, lean, size in _hairs():
        index = min(int(along * (len(ridge) - 1)), len(ridge) - 2)
        step = ridge[index + 1] - ridge[index]
        direction = step / np.linalg.norm(step) + (0, -0.9 * (1 - along) * (0.4 + lean))
        start = ridge[index] + (0, (2 * place - 1) * thickness[index] * 0.95)
        cv2.polylines(
            mask, [to_pixels([tuple(start), tuple(start + direction * (0.03 + 0.035 * size))])], False, 255, 1, cv2.LINE_AA, SHIFT
        )
    return lay(picture, (0.09, 0.055, 0.04), 0.75 * blur(mask.astype(np.float32) / 255, 0.003))


def draw_nostrils(picture: Picture) -> Picture:
    """Nostrils and the shadow under the nose."""
    for side in (-1, 1):
        lay(picture, (0.20, 0.09, 0.075), 0.72 * bump(side * 0.090, 0.512, 0.036, 0.016))
    for wing in _wings():
        lay(picture, (0.34, 0.17, 0.13), 0.40 * wing)
    return lay(picture, (0.36, 0.19, 0.15), 0.16 * bump(0.03, 0.575, 0.12, 0.035))


@functools.cache
def _wings() -> tuple[Plane, ...]:
    return tuple(stroke([(side * 0.20, 0.40), (side * 0.225, 0.47), (side * 0.17, 0.525)], 0.010, 0.010) for side in (-1, 1))
