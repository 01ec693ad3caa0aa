"""Calm faces for minutes on end, with other crops, sizes and light: how often an unpleasant feeling is wrongly shown as clear."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import CueState
from emoasst_core.emotions import EMOTIONS
from emoasst_core.evaluation.kept_draws import KeptDraws
from emoasst_core.evaluation.replayed_scenes import ReplayedPipelines, Scene
from emoasst_core.session.events import CueChanged

NEGATIVES: Final = ("anger", "disgust", "fear", "sadness")
VIEW_S: Final = 30.0  # one person in one view: a session of its own
PER_TEN_MINUTES: Final = 1
SCALES: Final = (0.55, 1.15)
LIGHTS: Final = (0.6, 1.35)
MOVES: Final = 0.06  # of the picture's width and height
TILT_DEG: Final = 6.0


def play_neutral(
    scenes: Sequence[Scene],
    pipelines: ReplayedPipelines,
    seconds: float,
    seed: int,
    kept: KeptDraws | None = None,
    on_done: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Play the neutral scenes in turn, each view changed at random; what else was remembered is forgotten.

    Args:
        kept: what views played before gave, and where new ones are kept.
        on_done: told after each view.

    Returns:
        How long was played, the cues by state and emotion, the false clear negatives and whether the gate holds, and how many
        cues a minute named any feeling.
    """
    neutral = [scene for scene in scenes if scene.emotion == "neutral"]
    kept = kept or KeptDraws(None, {})
    cues: Counter[str] = Counter()
    for number in range(num_views(seconds) if neutral else 0):
        play = partial(_play_view, neutral[number % len(neutral)], pipelines, np.random.default_rng((seed, number)))
        cues.update(kept.draw("neutral", number, play))
        on_done()
    limit, played_s = PER_TEN_MINUTES * max(1, round(seconds / 600)), VIEW_S * num_views(seconds)
    false_clear = sum(cues[f"{CueState.CLEAR.value} {emotion}"] for emotion in NEGATIVES)
    feelings = sum(number for cue, number in cues.items() if cue.split()[-1] in EMOTIONS[1:])
    return {
        "minutes": round(played_s / 60, 2),
        "people": len({scene.clip for scene in neutral}),
        "views": num_views(seconds),
        "cues": dict(cues),
        "false_clear_negative": false_clear,
        "feelings_per_minute": round(60 * feelings / played_s, 3),
        "limit": limit,
        "verdict": "met" if neutral and false_clear <= limit else "missed",
    }


def num_views(seconds: float) -> int:
    """Views of `VIEW_S` that fill so many seconds."""
    return max(1, math.ceil(seconds / VIEW_S - 1e-9))


def _play_view(scene: Scene, pipelines: ReplayedPipelines, random: np.random.Generator) -> dict[str, int]:
    """{cue: how often} of half a minute of one person."""
    pipelines.forget()  # no other view has these pictures
    view, first = View(random), int(random.integers(10_000))
    seen = replace(scene, pictures=tuple(view.of(picture) for picture in scene.pictures))
    pipeline, cues = pipelines.open(), Counter[str]()
    for frame in seen.frames(0.0, VIEW_S, pipelines.options.faces.analysis_rate_hz, first):
        for event in pipeline.feed(frame):
            if isinstance(event, CueChanged):
                cues[f"{event.cue.state.value} {event.cue.emotion or event.cue.reason}".strip()] += 1
    return dict(cues)


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
