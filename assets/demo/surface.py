"""The relief of the face and the light on it: what makes a drawing look like a photograph in grey."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from canvas import UNIT, Plane, U, V, blur, bump, smoothstep, stroke
from expression import Expression

# Half width of the face at heights from the crown to the chin (0 at both ends).
OUTLINE = ((-1.62, 0.0), (-1.5, 0.42),
           (-1.2, 0.76), (-0.8, 0.94), (-0.4, 0.99), (0.0, 0.985), (0.3, 0.96), (0.6, 0.89), (0.83, 0.80),
           (1.02, 0.68), (1.17, 0.54), (1.27, 0.41), (1.33, 0.29), (1.365, 0.17), (1.38, 0.08), (1.385, 0.0))  # fmt: skip
MOUTH_V, CHIN_V = 0.83, 1.385
JAW_V = 0.2  # from here down the outline of the face grows longer when the mouth opens
LIGHT = np.array([-0.42, -0.50, 0.76]) / np.linalg.norm([-0.42, -0.50, 0.76])
FILL = np.array([0.75, -0.10, 0.65]) / np.linalg.norm([0.75, -0.10, 0.65])


@dataclass(frozen=True, slots=True)
class Lit:
    """Brightness of the skin (1 = lit straight on), shine on it, the face's coverage, and its relief."""

    brightness: Plane
    shine: Plane
    coverage: Plane
    relief: Plane


def jaw_shifted(jaw: float) -> Plane:
    """V of the face at rest for every pixel: below the mouth everything hangs lower by the opening of the jaw."""
    if jaw <= 0:
        return V
    share = smoothstep(MOUTH_V - 0.02, MOUTH_V + 0.30, V - 0.5 * jaw)
    return (V - 0.80 * jaw * share).astype(np.float32)


def outline_shifted(jaw: float) -> Plane:
    """The same for the outline, which stretches evenly from cheek to chin."""
    stretch = (CHIN_V - JAW_V + 0.72 * jaw) / (CHIN_V - JAW_V)
    return np.where(V < JAW_V, V, JAW_V + (V - JAW_V) / stretch).astype(np.float32)


@functools.cache
def _still_relief() -> Plane:
    """Everything above the mouth that no expression moves."""
    relief = np.zeros_like(U)
    for side in (-1, 1):
        relief += 0.055 * bump(side * 0.42, -0.30, 0.26, 0.09)  # brow ridge
        relief -= 0.105 * bump(side * 0.40, -0.07, 0.23, 0.14)  # eye socket
        relief -= 0.05 * bump(side * 0.17, -0.10, 0.08, 0.13)  # inner corner
        relief += 0.075 * bump(side * 0.42, -0.08, 0.16, 0.10)  # eyeball under the lids
        relief += 0.045 * bump(side * 0.66, 0.22, 0.22, 0.15)  # cheekbone
        relief += 0.105 * bump(side * 0.145, 0.455, 0.075, 0.07)  # wing of the nose
        relief -= 0.045 * bump(side * 0.245, 0.45, 0.035, 0.09)  # groove behind it
    bridge = smoothstep(-0.42, 0.36, V) * (1 - smoothstep(0.36, 0.56, V))
    relief += 0.27 * bridge * np.exp(-0.5 * (U / (0.085 + 0.05 * smoothstep(-0.1, 0.45, V))) ** 2)
    relief += 0.10 * bump(0, 0.40, 0.105, 0.09)  # tip
    relief -= 0.035 * bump(0, -0.24, 0.16, 0.07)  # root
    relief -= 0.022 * bump(0, 0.62, 0.03, 0.08)  # philtrum
    return relief


def _moving_relief(expression: Expression, down: Plane, corner: tuple[float, float]) -> Plane:
    """What the expression shapes: cheeks, folds, forehead lines, chin."""
    relief = 0.07 * bump(0, 0.80, 0.40, 0.24, down=down) + 0.085 * bump(0, 1.21, 0.22, 0.12, down=down)
    relief -= 0.055 * bump(0, 1.03, 0.26, 0.055, down=down)
    cheeks, sag = expression.cheeks, expression.sag
    corner_u, corner_v = corner
    relief += 0.06 * expression.lower_lip * bump(0, 1.17, 0.17, 0.10, down=down)
    for side in (-1, 1):
        relief += (0.035 + 0.075 * cheeks) * bump(side * (0.56 - 0.03 * cheeks), 0.36 - 0.10 * cheeks, 0.21, 0.18)
        fold = [
            (side * 0.22, 0.40),
            (side * (0.33 + 0.06 * cheeks), 0.52),
            (side * (corner_u + 0.05 + 0.05 * cheeks), corner_v - 0.13),
            (side * (corner_u + 0.09 + 0.05 * cheeks), corner_v + 0.04),
        ]
        relief -= (0.010 + 0.045 * cheeks + 0.016 * sag) * stroke(fold, 0.02, 0.035)
        if sag > 0.02:
            droop = [
                (side * (corner_u + 0.01), corner_v - 0.02),
                (side * (corner_u + 0.07), corner_v + 0.10),
                (side * (corner_u + 0.06), corner_v + 0.26),
            ]
            relief -= 0.034 * sag * stroke(droop, 0.02, 0.03)
        if expression.lower_lids > 0.02:
            bag = [(side * 0.22, 0.06), (side * 0.40, 0.12), (side * 0.60, 0.06)]
            relief -= 0.020 * expression.lower_lids * stroke(bag, 0.015, 0.022)
            feet = [(side * 0.70, -0.10), (side * 0.82, -0.16)]
            relief -= 0.010 * expression.lower_lids * stroke(feet, 0.012, 0.015)
        if expression.brow_squeeze > 0.01:
            frown = [(side * 0.06, -0.24), (side * 0.075, -0.44)]
            relief -= 0.25 * expression.brow_squeeze * stroke(frown, 0.015, 0.02)
    if expression.forehead > 0.02:
        lift = expression.brow_middle
        for row in range(3):
            v = -0.62 - 0.14 * row - 0.5 * lift
            arch = [(-0.55, v + 0.03), (-0.25, v - 0.02), (0, v + 0.02), (0.25, v - 0.02), (0.55, v + 0.03)]
            relief -= 0.013 * expression.forehead * stroke(arch, 0.015, 0.02)
    return relief


def light_face(expression: Expression, lips: Plane, corner: tuple[float, float]) -> Lit:
    """Shape the face and light it from the upper left with a weak light from the right.

    Args:
        expression: what the face does.
        lips: relief of the lips.
        corner: (u, v) of the right mouth corner.
    """
    down = jaw_shifted(expression.jaw)
    outline = outline_shifted(expression.jaw)
    half_width = np.interp(outline, *zip(*OUTLINE, strict=True)).astype(np.float32)
    across = np.clip(np.abs(U) / np.maximum(half_width, 1e-3), 0, 1.2)
    coverage = smoothstep(0.25, 0.75, blur((np.abs(U) < half_width).astype(np.float32), 0.022))
    roundness = np.sqrt(np.clip(1 - across**2.6, 0, 1)) * np.clip(1 - np.abs((outline + 0.1) / 1.66) ** 3.2, 0, 1) ** 0.5
    relief = (0.95 * roundness + _still_relief() + _moving_relief(expression, down, corner) + lips).astype(np.float32)
    relief = blur(relief, 0.006)

    slope_v, slope_u = np.gradient(relief, 1 / UNIT)
    length = np.sqrt(slope_u**2 + slope_v**2 + 1)
    key = (-slope_u * LIGHT[0] - slope_v * LIGHT[1] + LIGHT[2]) / length
    fill = (-slope_u * FILL[0] - slope_v * FILL[1] + FILL[2]) / length
    facing = 1 / length
    hollow = np.clip(blur(relief, 0.10) - relief, 0, 0.10) + 0.7 * np.clip(blur(relief, 0.035) - relief, 0, 0.05)
    brightness = 0.33 + 0.62 * np.clip(0.86 * key + 0.14, 0, 1) + 0.15 * np.clip(fill, 0, 1)
    brightness *= 1 - np.clip(3.4 * hollow, 0, 0.45)
    brightness *= 0.72 + 0.28 * smoothstep(0.05, 0.55, facing)
    half = LIGHT + np.array([0, 0, 1.0])
    half /= np.linalg.norm(half)
    shine = np.clip((-slope_u * half[0] - slope_v * half[1] + half[2]) / length, 0, 1) ** 28
    return Lit(brightness.astype(np.float32), shine.astype(np.float32), coverage, relief)
