"""Calm faces for minutes on end, with other crops, sizes and light: how often an unpleasant feeling is wrongly shown as clear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import CueState, Frame
from emoasst_core.evaluation.replayed_scenes import ReplayedPipelines, Scene
from emoasst_core.session.events import CueChanged

NEGATIVES: Final = ("anger", "disgust", "fear", "sadness")
VIEW_S: Final = 30.0  # one person in one view: a session of its own
PER_TEN_MINUTES: Final = 1
SCALES: Final = (0.55, 1.15)
LIGHTS: Final = (0.6, 1.35)
MOVES: Final = 0.06  # of the picture's width and height
TILT_DEG: Final = 6.0


def play_neutral(scenes: Sequence[Scene], pipelines: ReplayedPipelines, seconds: float, seed: int) -> dict[str, Any]:
    """Play the neutral scenes in turn, each view changed at random.

    Returns:
        How long was played, the cues by state and emotion, the false clear negatives and whether the gate holds.
    """
    neutral = [scene for scene in scenes if scene.emotion == "neutral"]
    random, rate_hz = np.random.default_rng(seed), pipelines.options.faces.analysis_rate_hz
    cues: Counter[str] = Counter()
    played_s, false_clear, number = 0.0, 0, 0
    while neutral and played_s < seconds:
        scene, pipeline = neutral[number % len(neutral)], pipelines.open(remembers=False)
        view, first = View(random), int(random.integers(10_000))
        for frame in scene.frames(0.0, min(VIEW_S, seconds - played_s), rate_hz, first):
            for event in pipeline.feed(Frame(frame.time_s, view.of(frame.image))):
                if isinstance(event, CueChanged):
                    cues[f"{event.cue.state.value} {event.cue.emotion or event.cue.reason}".strip()] += 1
                    false_clear += event.cue.state is CueState.CLEAR and event.cue.emotion in NEGATIVES
        played_s, number = played_s + VIEW_S, number + 1
    limit = PER_TEN_MINUTES * max(1, round(seconds / 600))
    return {
        "minutes": round(min(played_s, seconds) / 60, 2),
        "people": len({scene.clip for scene in neutral}),
        "views": number,
        "cues": dict(cues),
        "false_clear_negative": false_clear,
        "limit": limit,
        "verdict": "met" if neutral and false_clear <= limit else "missed",
    }


class View:
    """Moves, turns, scales and lights every picture of a view alike.

    Args:
        random: where the view is drawn from.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._scale, self._light = float(random.uniform(*SCALES)), float(random.uniform(*LIGHTS))
        self._tilt_deg = float(random.uniform(-TILT_DEG, TILT_DEG))
        self._move = random.uniform(-MOVES, MOVES, 2)
        self._is_mirrored = bool(random.integers(2))

    def of(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 -> the same size."""
        height, width = image.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), self._tilt_deg, self._scale)
        turn[:, 2] += self._move * (width, height)
        moved = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_AREA)
        lit = cv2.convertScaleAbs(moved, alpha=self._light)
        return np.ascontiguousarray(np.asarray(lit, np.uint8)[:, ::-1] if self._is_mirrored else lit)
