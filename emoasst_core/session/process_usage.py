"""Processor time and memory of this process and all its children, sampled while a session runs."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

SAMPLE_S = 1.0
MIN_SLOPE_S = 120.0  # a slope over less says nothing


class ProcessUsage:
    """Samples from `start` to `stop` on a thread of its own."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cpu_s: dict[int, float] = {}
        self._rows: list[tuple[float, float]] = []  # time, processor seconds so far
        self._memory: dict[int, tuple[str, list[tuple[float, float]]]] = {}  # {process: (name, [(time, bytes)])}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._sample()
        self._thread.start()

    def stop(self) -> dict[str, Any]:
        """End; cores used on average, memory at the end, and how fast each process grew in the second half.

        Processes that came or went in the second half have no slope.
        """
        self._stopped.set()
        self._thread.join()
        self._sample()
        rows = np.array(self._rows)
        start_s, end_s = rows[0, 0], rows[-1, 0]
        wall_s, half_s = end_s - start_s, (start_s + end_s) / 2
        slopes: dict[str, float] = {}
        for name, samples in self._memory.values():
            later = np.array([sample for sample in samples if sample[0] >= half_s])
            lasts = len(later) and later[0, 0] - half_s < 2 * SAMPLE_S and end_s - later[-1, 0] < 2 * SAMPLE_S
            if wall_s >= MIN_SLOPE_S and lasts:
                number = sum(known.startswith(name) for known in slopes)
                slopes[f"{name} {number + 1}" if number else name] = round(mb_per_h(later), 2)
        return {
            "cores": round(float((rows[-1, 1] - rows[0, 1]) / wall_s), 3),
            "memory_mb": round(sum(samples[-1][1] for _, samples in self._memory.values() if samples[-1][0] == end_s) / 1e6, 1),
            "memory_slope_mb_per_h": round(sum(slopes.values()), 2) if slopes else None,
            "memory_slopes_mb_per_h": slopes,
            "num_processes": len(self._cpu_s),
            "wall_s": round(float(wall_s), 1),
        }

    def _run(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        now_s = time.monotonic()
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                times = process.cpu_times()
                self._cpu_s[process.pid] = times.user + times.system
                is_ours = process.pid == self._process.pid
                _, samples = self._memory.setdefault(process.pid, ("window" if is_ours else "child", []))
                samples.append((now_s, float(process.memory_info().rss)))
            except psutil.Error:  # it has just ended; its time stays as last seen
                continue
        self._rows.append((now_s, sum(self._cpu_s.values())))


def mb_per_h(samples: NDArray[np.float64]) -> float:
    """(n, 2) times in seconds and bytes -> the median of the slopes between all pairs (Theil 1950, Sen 1968).

    One jump, as of a pool of memory that finds its size, moves a straight line through all samples; it does not move this.

    >>> mb_per_h(np.array([[0.0, 0.0], [3600.0, 2e6], [7200.0, 4e6]]))
    2.0
    """
    from scipy.stats import theilslopes  # takes long to import: only where a slope is asked for

    slope = theilslopes(samples[:, 1], samples[:, 0] - samples[0, 0]).slope
    return round(float(slope) * 3600 / 1e6, 6)
