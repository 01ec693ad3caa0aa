"""A soft tone with a new cue, where a family wants one: seldom, and only while nobody speaks."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject

GAP_S = 20.0  # least time between two tones
QUIET_S = 0.5  # a gap in speech
WAIT_S = 3.0  # a tone that finds no gap for this long comes too late
ABOVE_FLOOR_DB = 9.0  # louder than the room by this is taken as speech
FLOOR_RISE_DB_S = 0.5  # how fast the room may get louder without being speech
RATE_HZ = 16_000
TONE_S, TONE_HZ, TONE_PEAK = 0.28, 523.25, 0.12


class QuietMoment:
    """Finds gaps in speech by loudness alone: the quietest level of late is the room, what is well above it is somebody.

    All times in seconds of one running clock, levels in decibels relative to full scale.
    """

    def __init__(self) -> None:
        self._floor_db: float | None = None
        self._heard_s = 0.0
        self._loud_s = float("-inf")

    def hear(self, now_s: float, level_db: float) -> None:
        """Take in one level."""
        if self._floor_db is None:
            self._floor_db = level_db
        else:
            self._floor_db = min(level_db, self._floor_db + FLOOR_RISE_DB_S * (now_s - self._heard_s))
        self._heard_s = now_s
        if level_db > self._floor_db + ABOVE_FLOOR_DB:
            self._loud_s = now_s

    def is_quiet(self, now_s: float) -> bool:
        """Whether nobody has spoken for half a second; without a microphone nobody is heard to speak."""
        return now_s - self._loud_s >= QUIET_S


class CueSound(QObject):
    """Plays the tone when it may.

    Args:
        play: makes the sound.
        now_s: a running clock.

    Attributes:
        is_on: off unless chosen.
    """

    def __init__(
        self, parent: QObject | None = None, play: Callable[[], None] | None = None, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self.is_on = False
        self._play = play or Tone(self).play
        self._now_s = now_s
        self._quiet = QuietMoment()
        self._played_s = self._wanted_s = float("-inf")

    def want(self) -> None:
        """A new cue is shown."""
        self._wanted_s = self._now_s()
        self._try()

    def hear(self, level_db: float) -> None:
        """Take in the loudness of the room."""
        self._quiet.hear(self._now_s(), level_db)
        self._try()

    def _try(self) -> None:
        now_s = self._now_s()
        is_due = now_s - self._wanted_s <= WAIT_S and now_s - self._played_s >= GAP_S
        if self.is_on and is_due and self._quiet.is_quiet(now_s):
            self._played_s, self._wanted_s = now_s, float("-inf")
            self._play()


class Tone(QObject):
    """One soft tone, made here; the sound device is opened at its first use."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sink: object | None = None
        self._buffer = QBuffer(self)
        self._buffer.setData(QByteArray(tone_samples().tobytes()))

    def play(self) -> None:
        """Play it; where there is no sound device nothing is heard."""
        from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices

        device = QMediaDevices.defaultAudioOutput()
        if device.isNull():
            return
        format_ = QAudioFormat()
        format_.setSampleRate(RATE_HZ)
        format_.setChannelCount(1)
        format_.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._buffer.close()
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        sink = QAudioSink(device, format_, self)
        self._sink = sink
        sink.start(self._buffer)


def tone_samples() -> array[int]:
    """The tone as 16-bit samples at 16 kHz: it swells and fades, so that it never clicks."""
    num = round(TONE_S * RATE_HZ)
    return array(
        "h",
        (
            round(32_767 * TONE_PEAK * math.sin(math.pi * number / num) ** 2 * math.sin(2 * math.pi * TONE_HZ * number / RATE_HZ))
            for number in range(num)
        ),
    )
