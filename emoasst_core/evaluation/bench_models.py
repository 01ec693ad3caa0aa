"""How long each model of a profile takes for the smallest thing it reads, on one core."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Frame
from emoasst_core.encoders.compute_device import on_one_core
from emoasst_core.evaluation.embedding_source import EmbeddingSource
from emoasst_core.faces.detector import CascadeDetector
from emoasst_core.recogniser import Recogniser

CROP_PX: Final = 160
VOICE_S: Final = 4.0
SENTENCE: Final = "I never thought that you would come back so early."
BUDGETS_MS: Final = {"face": 10.0, "voice": 60.0}
OPEN_BUDGET_S: Final = 4.0


def bench_models(profile: str | Path = "starter", repeat: int = 50) -> dict[str, Any]:
    """Median and 95th percentile in milliseconds of every step, after three that are not counted.

    Args:
        profile: name or folder of the models.
        repeat: how often each step is timed.

    Returns:
        {"open_s", "threads", "repeat", "steps": {step: {"median_ms", "p95_ms"}}, "passed"}; "passed" compares the medians of a
        face and of a voice with `BUDGETS_MS`, and the opening with `OPEN_BUDGET_S`.
    """
    with on_one_core():
        started = time.perf_counter()
        recogniser = Recogniser(profile)
        open_s = time.perf_counter() - started
        steps = {name: _timed(step, repeat) for name, step in _steps(recogniser).items()}
    in_time = all(steps[name]["median_ms"] <= budget for name, budget in BUDGETS_MS.items() if name in steps)
    return {
        "profile": str(profile), "threads": 1, "repeat": repeat, "open_s": round(open_s, 3), "steps": steps,
        "passed": in_time and open_s <= OPEN_BUDGET_S,
    }  # fmt: skip


def _steps(recogniser: Recogniser) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (CROP_PX, CROP_PX, 3)).astype(np.uint8)
    sound = (0.1 * rng.normal(size=round(VOICE_S * SAMPLE_RATE_HZ))).astype(np.float32)
    window = recogniser.embed_crops([crop]).repeat(recogniser.config.num_frames, 0)
    number = itertools.count()  # no sentence twice: the text tower remembers
    source, detector = EmbeddingSource(recogniser, CascadeDetector()), CascadeDetector()
    steps: dict[str, Callable[[], object]] = {
        "face": lambda: recogniser.embed_crops([crop]),
        "window of faces": lambda: recogniser.embed_video(window),
        "picture, as eval reads it": lambda: source.embed_picture(crop),
        "finding faces in it (OpenCV)": lambda: detector.detect(Frame(0.0, crop)),
        "words": lambda: recogniser.embed_words(f"{SENTENCE} {next(number)}"),
    }
    return steps if recogniser.audio is None else {**steps, "voice": lambda: recogniser.embed_voice(sound)}


def _timed(step: Callable[[], object], repeat: int) -> dict[str, float]:
    times = []
    for count in range(repeat + 3):
        started = time.perf_counter()
        step()
        if count >= 3:
            times.append(1000 * (time.perf_counter() - started))
    return {"median_ms": round(float(np.median(times)), 2), "p95_ms": round(float(np.percentile(times, 95)), 2)}
