"""A real sound through a real sound server into the program's own microphone, and the server's sudden end."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.paths import demo_recording
from tests.core.capture import room_of_pulse
from tests.core.capture.room_of_pulse import Room

ROOT = Path(__file__).resolve().parents[3]
NOTICED_S = 1.0
GAP_S = 0.05
BLOCK_S = 0.1
MOST_BUFFERED_S = 0.4  # in the sound server, lost with it
WAIT_S = 30.0

pytestmark = pytest.mark.skipif(bool(room_of_pulse.what_is_missing()), reason=room_of_pulse.what_is_missing() or "-")


@pytest.fixture
def room() -> Iterator[Room]:
    folder = Path(tempfile.mkdtemp(prefix="ea"))
    room = Room(folder)
    room.open()
    yield room
    room.kill()
    shutil.rmtree(folder, ignore_errors=True)


def listener(room: Room, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(Path(room_of_pulse.__file__)), *arguments],
        env={**room.environment, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def speech(folder: Path) -> tuple[Path, np.ndarray]:
    """Four seconds of the bundled conversation, as a WAV file and as (n,) samples."""
    blocks = [block.samples for block in MediaFile(demo_recording()).blocks()]
    samples = np.concatenate(blocks)
    loudest = int(np.convolve(samples**2, np.ones(4000), "same").argmax())
    start = max(0, min(loudest - 32_000, len(samples) - 64_000))
    spoken = samples[start : start + 64_000]
    path = folder / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((spoken * 32_767).astype("<i2").tobytes())
    return path, spoken


def test_what_is_played_into_the_null_sink_is_what_the_microphone_hears(room: Room, tmp_path: Path) -> None:
    path, spoken = speech(tmp_path)
    with listener(room, "once", "7", str(tmp_path / "heard.npy")) as ear:
        assert ear.stdout is not None and ear.stderr is not None
        first = ear.stdout.readline()
        assert first == "listening\n", ear.stderr.read()
        room.play(path)
        ear.wait(WAIT_S)
    heard = np.load(tmp_path / "heard.npy")
    products = correlate(heard, spoken, "valid")
    place = int(products.argmax())
    part = heard[place : place + len(spoken)]
    likeness = float(products[place] / (np.linalg.norm(part) * np.linalg.norm(spoken)))
    assert likeness > 0.95, f"only {likeness:.2f} alike"


class Ear:
    """What the listener tells, as it tells it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.told: list[dict[str, Any]] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        assert process.stdout is not None
        self._out = process.stdout
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._out:
            self._lines.put(line)

    def wait_for(self, what: str, where: Callable[[dict[str, Any]], bool] = lambda _one: True) -> dict[str, Any]:
        until_s = time.monotonic() + WAIT_S
        while True:
            one = json.loads(self._lines.get(timeout=max(0.01, until_s - time.monotonic())))
            self.told.append(one)
            if one["what"] == what and where(one):
                return one


def test_a_sound_server_that_dies_is_noticed_within_a_second_and_is_back_by_its_name_with_the_gap_noted(room: Room) -> None:
    with listener(room, "loss") as process:
        ear = Ear(process)
        first = ear.wait_for("sound")
        ear.wait_for("sound", lambda one: one["end_s"] > first["end_s"] + 1.0)
        room.kill()
        killed_s = time.monotonic()
        lost = ear.wait_for("device", lambda one: one["state"] == "lost")
        room.open()
        back = ear.wait_for("device", lambda one: one["state"] == "back")
        gap = next((one for one in ear.told if one["what"] == "gap"), None) or ear.wait_for("gap")
        later = next((one for one in ear.told if one["what"] == "sound" and one["wall_s"] > back["wall_s"] - 0.5), None)
        later = later or ear.wait_for("sound")
        process.kill()
    before = [one for one in ear.told if one["what"] == "sound" and one["wall_s"] < lost["wall_s"]][-1]
    killed_in_session_s = killed_s - before["wall_s"] + before["now_s"]
    assert lost["wall_s"] - killed_s <= NOTICED_S
    assert gap["reason"] == "microphone lost"
    assert abs(gap["start_s"] - before["end_s"]) <= GAP_S and abs(gap["end_s"] - later["start_s"]) <= GAP_S
    assert -GAP_S - BLOCK_S <= killed_in_session_s - gap["start_s"] <= MOST_BUFFERED_S + BLOCK_S, (
        "the gap begins where the sound ended"
    )
