"""The model process must not grow with every utterance of another length."""

from __future__ import annotations

import subprocess
import sys

MOST_MB = 2.0  # with kernels kept for 64 shapes 4 to 8 MB, with torch's own setting of 1,024 25 to 45 MB over the same calls
PROGRAM = """
import numpy as np, psutil
from emoasst_core.session.worker_process import share_cores
share_cores()
from emoasst_core.session.pipeline_factory import load_recogniser
recogniser = load_recogniser("starter")
random, process = np.random.default_rng(0), psutil.Process()
def speak(times):
    for _ in range(times):
        recogniser.embed_voice(0.1 * random.standard_normal(int(random.integers(16_000, 64_000))).astype(np.float32))
speak(40)
before = process.memory_info().rss
speak(120)
print((process.memory_info().rss - before) / 1e6)
"""


def test_voices_of_ever_new_lengths_leave_the_memory_level() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=170)
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) < MOST_MB
