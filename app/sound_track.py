"""The sound of a recording while its pictures are shown. Where there is no loudspeaker, time runs silently."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

from app import sound_output
from app.sound_output import SoundOutput
from emoasst_core.session.playback_source import Source
from emoasst_core.session.sound_format import BYTES_PER_S
from emoasst_core.session.sound_playback import SoundPlayback

DRIFT_S: Final = 0.04  # sound may be this far from its picture before the picture waits or catches up
PUMP_MS: Final = 20
PATIENCE_S: Final = 1.0  # the picture waits this long for its sound, then goes on without


class SoundTrack(QObject):
    """A clock that can be heard: `position_s` follows the sound, or a timer where nothing can be played."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._output: SoundOutput | None = None
        self._has_looked = False
        self._source: Source | None = None
        self._playback: SoundPlayback | None = None
        self._clock = QElapsedTimer()
        self._from_s = 0.0  # where the present stretch of sound began ...
        self._anchor_s = 0.0  # ... and where the clock was set last
        self._speed = 1.0
        self._written = 0
        self._is_playing = self._has_begun = False
        self._pump = QTimer(self)
        self._pump.setInterval(PUMP_MS)
        self._pump.timeout.connect(self._feed)

    def load(self, source: Source | None) -> None:
        """Take another recording, at its start."""
        self.pause()
        self._source, self._anchor_s = source, 0.0

    def play(self, from_s: float, rate: float = 1.0) -> None:
        """Play on from a moment."""
        self._from_s = self._anchor_s = from_s
        self._speed, self._written, self._is_playing, self._has_begun = rate, 0, True, False
        self._clock.start()
        output = self._opened_output() if self._source is not None else None
        if output is not None and self._playback is not None and self._source is not None:
            output.stop()
            self._playback.play(self._source, from_s, rate)
            self._pump.start()
        else:
            self._has_begun = True

    def pause(self) -> None:
        """Stand still."""
        self._anchor_s = self.position_s
        self._is_playing = False
        self._pump.stop()
        if self._playback is not None:
            self._playback.stop()
        if self._output is not None:
            self._output.stop()

    def close(self) -> None:
        """End the decoder's thread."""
        self.pause()
        if self._playback is not None:
            self._playback.close()
            self._playback = self._source = None

    @property
    def position_s(self) -> float:
        """The moment being heard."""
        if not self._is_playing or not self._has_begun:
            return self._anchor_s
        position_s = self._anchor_s + self._clock.elapsed() / 1000 * self._speed
        heard_s = self._heard_s()
        if heard_s is not None and abs(heard_s - position_s) > DRIFT_S:
            self._anchor_s = position_s = heard_s
            self._clock.start()
        return position_s

    def _heard_s(self) -> float | None:
        """The moment in the loudspeaker; None where the clock has nothing to go by."""
        if self._output is None or self._playback is None or self._written == 0 or self._playback.is_over:
            return None
        return self._from_s + self._seconds(self._written - self._output.waiting_bytes) * self._speed

    def _feed(self) -> None:
        """Give the loudspeaker what it has room for; the clock begins with the first of it."""
        if self._output is None or self._playback is None:
            return
        if not self._has_begun:
            if not self._playback.is_ready and self._clock.elapsed() < 1000 * PATIENCE_S:
                return
            self._output.start()
            self._has_begun = True
            self._clock.start()
        self._written += self._output.write(self._playback.take(self._output.free_bytes))

    def _opened_output(self) -> SoundOutput | None:
        if not self._has_looked:
            self._has_looked = True
            self._output = sound_output.open_output(self)  # not before it is needed: the library takes a moment to load
            if self._output is not None:
                self._playback = SoundPlayback(lambda _error: None)  # the picture's own reader says what is wrong
        return self._output

    @staticmethod
    def _seconds(num_bytes: int) -> float:
        return num_bytes / BYTES_PER_S
