"""Processor time and memory of this process and all its children, sampled while a session runs."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psutil
from numpy.typing import NDArray

from emoasst_core.session.processes import PREFIX

SAMPLE_S: Final = 1.0
WARM_UP_S: Final = 300.0  # code is read in, caches and pools of memory find their size; of a shorter session its first half
BLOCK_S: Final = 30.0  # samples of a block become one, so that what the interval counts is not the same moment many times
MIN_BLOCKS: Final = 4  # a slope through fewer says nothing
WINDOW: Final = "window"

Jobs = Callable[[], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Slope:
    """How fast memory grows, in MB per hour, with its 95 % interval (Theil 1950, Sen 1968)."""

    middle: float
    low: float
    high: float


@dataclass(slots=True)
class _Held:
    """What one process held: its job, and (time in seconds, bytes) packed one after the other."""

    job: str
    samples: array[float]

    def later(self, from_s: float) -> NDArray[np.float64]:
        """(n, 2) samples from a moment on."""
        rows = np.frombuffer(self.samples, np.float64).reshape(-1, 2)
        return rows[rows[:, 0] >= from_s]


class ProcessUsage:
    """Samples from `start` to `stop` on a thread of its own.

    Args:
        jobs: {process id: what it does} of those whose name does not tell; asked at each sample.
    """

    def __init__(self, jobs: Jobs = dict) -> None:
        self._process, self._jobs = psutil.Process(), jobs
        self._cpu_s: dict[int, float] = {}
        self._rows = array("d")  # time, processor seconds so far: packed, so that the notes do not fill what they measure
        self._held: dict[int, _Held] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._sample()
        self._thread.start()

    def stop(self) -> dict[str, Any]:
        """End; cores used on average, memory at the end, and how fast each process grew after the warm-up.

        Processes that came or went after it have no slope. The slope in all is that of the sum of the others.
        """
        self._stopped.set()
        self._thread.join()
        self._sample()
        rows = np.frombuffer(self._rows, np.float64).reshape(-1, 2)
        start_s, end_s = float(rows[0, 0]), float(rows[-1, 0])
        wall_s = end_s - start_s
        from_s = start_s + min(WARM_UP_S, wall_s / 2)
        later = {pid: held.later(from_s) for pid, held in self._held.items()}
        lasting = {pid: samples for pid, samples in later.items() if _lasts(samples, from_s, end_s)}
        return {
            "cores": round(float((rows[-1, 1] - rows[0, 1]) / wall_s), 3),
            "memory_mb": round(
                sum(samples[-1, 1] for samples in later.values() if len(samples) and samples[-1, 0] == end_s) / 1e6, 1
            ),
            **_slopes(lasting, {pid: held.job for pid, held in self._held.items()}),
            "memory_warm_up_s": round(from_s - start_s, 1),
            "num_processes": len(self._cpu_s),
            "wall_s": round(wall_s, 1),
        }

    def _run(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        now_s = time.monotonic()
        jobs = {self._process.pid: WINDOW, **self._jobs()}
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                times = process.cpu_times()
                self._cpu_s[process.pid] = times.user + times.system
                held = self._held.setdefault(process.pid, _Held("", array("d")))
                held.job = jobs.get(process.pid) or held.job or job_of(process)
                held.samples.extend((now_s, float(process.memory_info().rss)))
            except psutil.Error:  # it has just ended; its time stays as last seen
                continue
        self._rows.extend((now_s, sum(self._cpu_s.values())))


def job_of(process: psutil.Process) -> str:
    """What a child does, by the name it gave itself, else by how it was started; "" where it has not begun yet."""
    name = str(process.name())
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX)
    started = " ".join(process.cmdline())
    if "multiprocessing.forkserver" in started:
        return "libraries, to fork from"
    return "watch over handles" if "resource_tracker" in started else ""


def _lasts(samples: NDArray[np.float64], from_s: float, end_s: float) -> bool:
    return len(samples) > 0 and samples[0, 0] - from_s < 2 * SAMPLE_S and end_s - samples[-1, 0] < 2 * SAMPLE_S


def _slopes(lasting: Mapping[int, NDArray[np.float64]], jobs: Mapping[int, str]) -> dict[str, Any]:
    slopes: dict[str, list[float]] = {}
    for pid, samples in lasting.items():
        if (slope := slope_of(samples)) is not None:
            job = jobs[pid] or "child"
            number = sum(known == job or known.startswith(f"{job} ") for known in slopes)
            slopes[f"{job} {number + 1}" if number else job] = [slope.middle, slope.low, slope.high]
    whole = slope_of(_sum(list(lasting.values())))
    return {
        "memory_slope_mb_per_h": None if whole is None else whole.middle,
        "memory_slope_interval_mb_per_h": None if whole is None else [whole.low, whole.high],
        "memory_slopes_mb_per_h": slopes,
    }


def _sum(series: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The sum of all, at the times at which all were sampled."""
    if not series:
        return np.zeros((0, 2))
    times = series[0][:, 0]
    for samples in series[1:]:
        times = np.intersect1d(times, samples[:, 0])
    return np.stack([times, sum(samples[np.isin(samples[:, 0], times), 1] for samples in series)], axis=1)


def slope_of(samples: NDArray[np.float64]) -> Slope | None:
    """(n, 2) times in seconds and bytes -> the median of the slopes between all pairs of block medians, with its interval.

    One jump, as of a pool of memory that finds its size, moves a straight line through all samples. It does not move this where
    it comes near the beginning or the end; in the middle it makes the interval wide.
    None for fewer than `MIN_BLOCKS` blocks of `BLOCK_S`.

    >>> slope_of(np.array([[time_s, 500 * time_s] for time_s in range(600)], float))
    Slope(middle=1.8, low=1.8, high=1.8)
    """
    from scipy.stats import theilslopes  # takes long to import: only where a slope is asked for

    if not len(samples):
        return None
    block = ((samples[:, 0] - samples[0, 0]) // BLOCK_S).astype(int)
    numbers = [number for number in np.unique(block) if (block == number).sum() >= 0.5 * BLOCK_S / SAMPLE_S]
    if len(numbers) < MIN_BLOCKS:
        return None
    medians = np.array([np.median(samples[block == number], axis=0) for number in numbers])
    found = theilslopes(medians[:, 1], medians[:, 0] - medians[0, 0], 0.95)
    low, middle, high = (round(float(value) * 3600 / 1e6, 2) for value in (found.low_slope, found.slope, found.high_slope))
    return Slope(middle, low, high)
