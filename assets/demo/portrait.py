"""The whole person: hair, head, neck, clothes and the room behind."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from canvas import (
    HEIGHT,
    SHIFT,
    UNIT,
    WIDTH,
    Picture,
    Plane,
    U,
    V,
    area,
    blur,
    bump,
    curve,
    lay,
    smoothstep,
    stroke,
    to_pixels,
)
from expression import Expression
from features import draw_brow, draw_eye, draw_mouth, draw_nostrils, shape_mouth
from surface import light_face

SKIN = np.array((0.86, 0.66, 0.55), np.float32)
BLUSH = np.array((0.84, 0.50, 0.44), np.float32)
WARMTH = np.array((0.86, 1.0, 1.06), np.float32)
HAIR, HAIR_LIGHT = (0.20, 0.125, 0.085), (0.47, 0.32, 0.22)
CLOTH = np.array((0.33, 0.45, 0.50), np.float32)


@functools.cache
def _grain() -> Plane:
    """Fine unevenness of skin, the same in every frame."""
    rng = np.random.default_rng(1)
    fine = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 1.0)
    coarse = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 6.0)
    return (0.012 * fine / fine.std() + 0.010 * coarse / coarse.std()).astype(np.float32)


def draw_head(expression: Expression) -> tuple[Picture, Plane]:
    """The head with ears and hair.

    Returns:
        (h, w, 3) colours and (h, w) coverage on the canvas.
    """
    mouth = shape_mouth(expression)
    lit = light_face(expression, mouth.relief, mouth.corner)
    blush = np.zeros_like(U)
    for side in (-1, 1):
        blush += 0.42 * bump(side * 0.56, 0.30, 0.24, 0.17)
    blush += 0.35 * bump(0, 0.42, 0.15, 0.10) + 0.20 * bump(0, 1.25, 0.25, 0.12)
    skin = SKIN + (BLUSH - SKIN) * np.clip(blush, 0, 1)[..., None]
    warm = lit.brightness[..., None] ** WARMTH  # light that has been under the skin comes out redder: shadows are warm
    picture = (skin * warm * (1 + _grain())[..., None] + 0.10 * lit.shine[..., None]).astype(np.float32)
    draw_nostrils(picture)
    draw_mouth(picture, mouth, expression, lit.brightness)
    for side in (-1, 1):
        draw_eye(picture, side, expression, lit.brightness)
    for side in (-1, 1):
        draw_brow(picture, side, expression)
    ears, ear_cover = _ears()
    head = lay(ears.copy(), picture, lit.coverage)
    coverage = np.maximum(lit.coverage, ear_cover)
    hair, hair_cover, shadow = _front_hair()
    head = head * (1 - 0.45 * shadow[..., None])
    head = lay(head, hair, hair_cover)
    return np.clip(head, 0, 1), np.maximum(coverage, hair_cover)


@functools.cache
def _ears() -> tuple[Picture, Plane]:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32) + SKIN * 0.62
    coverage = np.zeros_like(U)
    for side in (-1, 1):
        outline = [
            (0.90, -0.22),
            (1.02, -0.30),
            (1.12, -0.22),
            (1.13, 0.0),
            (1.07, 0.22),
            (1.00, 0.42),
            (0.92, 0.44),
            (0.88, 0.2),
        ]
        points = curve([(side * u, v) for u, v in [*outline, outline[0]]], 60)
        ear = area(points)
        coverage = np.maximum(coverage, ear)
        light = 0.90 if side < 0 else 0.62
        picture = lay(picture, SKIN * light * np.array((1.0, 0.90, 0.86), np.float32), ear)
        rim = stroke([(side * u, v) for u, v in [(0.98, -0.16), (1.05, -0.16), (1.06, 0.02), (1.01, 0.20)]], 0.03, 0.018)
        picture = lay(picture, SKIN * 0.40 * np.array((1.0, 0.8, 0.75), np.float32), 0.65 * rim * ear)
        picture = lay(
            picture, SKIN * 0.35 * np.array((1.0, 0.8, 0.75), np.float32), 0.6 * bump(side * 0.955, 0.05, 0.04, 0.12) * ear
        )
    return picture, coverage


@functools.cache
def _strands() -> Plane:
    """Light and dark strands of hair running from the parting outwards."""
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 1, 2048).astype(np.float32)
    noise = np.convolve(noise, np.hanning(5) / 2, "same") + 1.6 * np.convolve(noise[::-1], np.hanning(31) / 12, "same")
    angle = np.arctan2(V + 0.15, (U - 0.30 * smoothstep(-0.2, -1.6, V)) * 1.25)
    wave = angle + 0.05 * np.sin(4 * np.hypot(U, V) + 2 * angle)
    place = (wave / (2 * np.pi) + 0.5) * (len(noise) - 1)
    return np.interp(place, np.arange(len(noise)), noise).astype(np.float32)


@functools.cache
def _front_hair() -> tuple[Picture, Plane, Plane]:
    """Short hair with a side parting.

    Returns:
        Colours, coverage, and the shadow it throws on the forehead.
    """
    outer = [
        (-1.04, 0.02),
        (-1.12, -0.4),
        (-1.10, -0.9),
        (-0.88, -1.42),
        (-0.45, -1.76),
        (0.08, -1.84),
        (0.58, -1.72),
        (0.98, -1.36),
        (1.13, -0.85),
        (1.12, -0.4),
        (1.04, 0.02),
    ]
    inner = [
        (0.965, -0.02),
        (0.945, -0.45),
        (0.86, -0.86),
        (0.66, -1.06),
        (0.40, -1.20),
        (0.30, -1.24),
        (0.02, -1.08),
        (-0.36, -0.96),
        (-0.68, -0.88),
        (-0.88, -0.68),
        (-0.945, -0.40),
        (-0.965, -0.02),
    ]
    shape = area(np.vstack([curve(outer, 120), curve(inner, 120)]))
    rng = np.random.default_rng(7)
    wisps = np.zeros_like(U, np.uint8)
    edge = curve(inner, 240)
    for index in rng.integers(5, 234, 260):
        start = edge[index]
        outward = start - np.array((0.0, 0.3))
        end = start - outward / np.linalg.norm(outward) * rng.uniform(0.005, 0.045) + rng.normal(0, 0.012, 2)
        cv2.polylines(wisps, [to_pixels([tuple(start + 0.03 * outward), tuple(end)])], False, 105, 1, cv2.LINE_AA, SHIFT)
    coverage = np.clip(np.maximum(blur(shape, 0.008), blur(wisps.astype(np.float32) / 255, 0.003)), 0, 1)
    depth = np.clip(1 - (U / 1.15) ** 2 - ((V + 0.5) / 1.40) ** 2, 0, 1) ** 0.5
    band = np.exp(-0.5 * ((np.hypot(U + 0.25, (V + 0.4) * 0.95) - 0.98) / 0.16) ** 2) * smoothstep(0.9, -0.7, U)
    strands = _strands()
    tone = np.clip(0.34 + 0.45 * band + 0.16 * strands + 0.20 * depth - 0.12, 0.02, 1)
    colors = (1 - tone[..., None]) * np.array(HAIR, np.float32) * 0.75 + tone[..., None] * np.array(HAIR_LIGHT, np.float32)
    parting = stroke([(0.30, -1.22), (0.36, -1.5), (0.38, -1.74)], 0.012, 0.012)
    colors = lay(colors.astype(np.float32), (0.10, 0.06, 0.045), 0.7 * parting)
    shadow = np.clip(np.roll(blur(shape, 0.05), round(0.07 * UNIT), axis=0) - shape, 0, 1)
    return colors, coverage, shadow.astype(np.float32)


def draw_body(across: Plane, down: Plane, unit: float) -> tuple[Picture, Plane]:
    """Neck and shoulders, for any grid in half face widths, `unit` pixels each.

    Returns:
        Colours and coverage.
    """

    def cover(distance: Plane) -> Plane:
        return np.clip(distance * unit + 0.5, 0, 1).astype(np.float32)

    def hill(u: float, v: float, width: float, height: float) -> Plane:
        return np.exp(-0.5 * (((across - u) / width) ** 2 + ((down - v) / height) ** 2)).astype(np.float32)

    wide = np.abs(across)
    neck = cover(0.60 + 0.05 * smoothstep(1.0, 1.5, down) + 0.55 * smoothstep(1.55, 2.25, down) - wide) * (down > 0.6)
    light = (
        0.80
        - 0.30 * (across / 0.8)
        - 0.22 * (across / 0.8) ** 2
        + 0.07 * hill(-0.25, 1.8, 0.07, 0.3)
        - 0.05 * hill(0.2, 1.8, 0.07, 0.3)
    )
    shade = np.clip(light * (1 - 0.55 * hill(0.06, 1.28, 0.75, 0.30)), 0.12, 1)
    picture = (SKIN * 0.94 * shade[..., None] ** WARMTH).astype(np.float32)
    shoulder = 1.92 + 0.10 * wide**1.7 - 0.16 * smoothstep(0.45, 0.95, wide) + 0.55 * smoothstep(1.35, 2.35, wide) ** 2
    collar = 2.20 - 0.42 * np.clip(wide / 0.72, 0, 1) ** 2
    top = np.maximum(shoulder, collar)
    edge = 2.05 + 0.22 * np.clip(down - 2.0, 0, 3)  # the arms
    cloth = cover(down - top) * cover(edge + 0.35 * smoothstep(2.0, 2.9, down) - wide)
    knit = 1 + 0.03 * np.sin(2 * np.pi * across / 0.045) * np.sin(2 * np.pi * down / 0.06)
    folds = 0.10 * np.sin(5 * across + 3 * down) * smoothstep(0.7, 1.6, wide)
    roundness = 0.12 * np.clip(wide / 2.05, 0, 1.2) ** 4
    cloth_light = np.clip(0.95 - 0.12 * across - 0.12 * (down - 2.0) + folds - roundness, 0.25, 1.1) * knit
    lay(picture, (CLOTH * cloth_light[..., None]).astype(np.float32), cloth)
    hem = np.exp(-0.5 * ((down - top - 0.05) / 0.015) ** 2) * (wide < 0.85)
    lay(picture, tuple(CLOTH * 0.5), (0.5 * hem * cloth).astype(np.float32))
    return np.clip(picture, 0, 1), np.maximum(neck, cloth).astype(np.float32)


def draw_room(width: int, height: int) -> Picture:
    """A quiet room out of focus: wall, window light, a shelf, a plant."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width, y / height
    room = (
        np.array((0.62, 0.60, 0.55), np.float32)
        * (0.62 + 0.42 * np.exp(-(((x - 0.12) / 0.45) ** 2) - ((y - 0.25) / 0.6) ** 2))[..., None]
    )
    for left, top, right, bottom, color in (
        (0.00, 0.06, 0.17, 0.62, (0.93, 0.92, 0.86)),
        (0.075, 0.06, 0.085, 0.62, (0.55, 0.53, 0.49)),
        (0.78, 0.30, 1.00, 0.33, (0.33, 0.25, 0.19)),
        (0.82, 0.16, 0.85, 0.30, (0.45, 0.28, 0.25)),
        (0.855, 0.19, 0.89, 0.30, (0.28, 0.36, 0.38)),
        (0.895, 0.14, 0.92, 0.30, (0.58, 0.50, 0.36)),
    ):
        room[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = color
    return cv2.GaussianBlur(room.astype(np.float32), (0, 0), width / 70)


@functools.cache
def head_depth() -> Plane:
    """How far each part of the head stands out, in half face widths: what turns it by a little moves by."""
    dome = np.clip(1 - (U / 1.2) ** 2 - ((V + 0.2) / 1.75) ** 2, 0, 1) ** 0.5
    return blur((dome + 0.30 * bump(0, 0.36, 0.14, 0.20)).astype(np.float32), 0.03)
