"""One frame of the film: the person where they are just now, before the room."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from canvas import HEIGHT, LEFT, TOP, UNIT, WIDTH, Picture, Plane, lay
from numpy.typing import NDArray
from portrait import draw_body, draw_room, head_depth

FRAME_WIDTH, FRAME_HEIGHT = 640, 480
SCALE = 88 / UNIT  # 88 pixels of the film per half face width
ORIGIN_X, ORIGIN_Y = 318.0, 222.0  # where the point between the eyes is at rest
NECK_V = 1.55  # the head tilts about this point


@functools.cache
def _room() -> Picture:
    return draw_room(FRAME_WIDTH, FRAME_HEIGHT)


@functools.cache
def _body() -> tuple[Picture, Plane]:
    """Neck and shoulders, drawn once on a wider grid so that they can be moved."""
    y, x = np.mgrid[0:FRAME_HEIGHT, 0 : 2 * FRAME_WIDTH].astype(np.float32)
    return draw_body((x - FRAME_WIDTH) / (SCALE * UNIT), (y - ORIGIN_Y) / (SCALE * UNIT), SCALE * UNIT)


def compose(head: Picture, coverage: Plane, shift_x: float, shift_y: float, turn: float, tilt: float) -> NDArray[np.uint8]:
    """Put the person into the room.

    Args:
        head, coverage: from `draw_head`.
        shift_x, shift_y: pixels away from the place at rest.
        turn: of the head to its left, in radians; small.
        tilt: of the head, in radians.

    Returns:
        (480, 640, 3) uint8 RGB.
    """
    frame = _room().copy()
    if shift_x < FRAME_WIDTH:
        body, body_cover = _body()
        place = np.array([[1, 0, ORIGIN_X + shift_x - FRAME_WIDTH], [0, 1, 0.5 * shift_y]], np.float32)
        size = (FRAME_WIDTH, FRAME_HEIGHT)
        lay(frame, cv2.warpAffine(body, place, size), cv2.warpAffine(body_cover, place, size))
        layers = np.dstack([head * coverage[..., None], coverage])
        if turn:
            rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
            layers = cv2.remap(layers, (columns - turn * UNIT * head_depth()).astype(np.float32), rows, cv2.INTER_LINEAR)
        pivot = ((0 - LEFT) * UNIT, (NECK_V - TOP) * UNIT)
        turned = cv2.getRotationMatrix2D(pivot, np.degrees(tilt), SCALE)
        turned[:, 2] += (ORIGIN_X + shift_x - pivot[0], ORIGIN_Y + shift_y + NECK_V * UNIT * SCALE - pivot[1])
        layers = cv2.warpAffine(layers, turned, size, flags=cv2.INTER_LINEAR)
        frame = frame * (1 - layers[..., 3:]) + layers[..., :3]
    return np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8)
