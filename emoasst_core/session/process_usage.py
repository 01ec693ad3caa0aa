"""Processor time and memory of this process and all its children, sampled while a session runs."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import psutil

SAMPLE_S = 1.0
MIN_SLOPE_S = 120.0  # a slope over less says nothing


class ProcessUsage:
    """Samples from `start` to `stop` on a thread of its own."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cpu_s: dict[int, float] = {}
        self._rows: list[tuple[float, float, float]] = []  # time, processor seconds so far, bytes
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._sample()
        self._thread.start()

    def stop(self) -> dict[str, Any]:
        """End; cores used on average, memory at the end, and how fast it grew in the second half."""
        self._stopped.set()
        self._thread.join()
        self._sample()
        rows = np.array(self._rows)
        wall_s = rows[-1, 0] - rows[0, 0]
        later = rows[rows[:, 0] >= rows[0, 0] + wall_s / 2]
        slope = float(np.polyfit(later[:, 0], later[:, 2], 1)[0]) if wall_s >= MIN_SLOPE_S else None
        return {
            "cores": round(float((rows[-1, 1] - rows[0, 1]) / wall_s), 3),
            "memory_mb": round(float(rows[-1, 2] / 1e6), 1),
            "memory_slope_mb_per_h": None if slope is None else round(slope * 3600 / 1e6, 2),
            "num_processes": len(self._cpu_s),
            "wall_s": round(float(wall_s), 1),
        }

    def _run(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        memory = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                times = process.cpu_times()
                self._cpu_s[process.pid] = times.user + times.system
                memory += process.memory_info().rss
            except psutil.Error:  # it has just ended; its time stays as last seen
                continue
        self._rows.append((time.monotonic(), sum(self._cpu_s.values()), memory))
