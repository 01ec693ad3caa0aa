"""Plays a recording in the review: pictures exact to the frame, sound where there is a loudspeaker."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.bridge import Bridge, Courier
from app.item_models.timeline_model import clock_text
from app.sound_track import SoundTrack
from emoasst_core.datatypes import Frame
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.playback import Playback
from emoasst_core.session.playback_source import Source, first_kept_s, is_kept, next_kept_s

NOTHING_KEPT = "No picture was kept of this moment."
LOOKING = "Looking for the picture …"
TICK_MS = 33  # the picture need not change more often than a camera's
PATIENCE_TICKS = 90  # a recording just opened begins to play with its first picture, or after three seconds without one


class Player(QObject):
    """Where it stands, and the picture that belongs there."""

    moved = Signal(float)
    playing_changed = Signal(bool)
    frame_shown = Signal(object)
    nothing_kept = Signal(str)
    looking = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.position_s = 0.0
        self.duration_s = 0.0
        self.is_playing = False
        self.rate = 1.0
        self._steps = False
        self._patience = 0  # ticks left in which playing waits for the first picture
        self._start_s = 0.0
        self._stop_s: float | None = None  # of the stretch played; None plays to the end
        self._bridge = Bridge(self)
        self._courier = Courier(self)
        self._sound = SoundTrack(self)
        self._playback: Playback | None = None
        self._source: Source | None = None
        self._is_bare = False  # whether nothing is on screen yet of the moments that were kept
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._bridge.frame_seen.connect(self._show)

    def open(self, path: Source | None, duration_s: float) -> None:
        """Take another recording, at the first moment that was kept of it; None for a session of which none was kept."""
        self.pause()
        self.duration_s, self._stop_s = duration_s, None
        self._start_s = first_kept_s(path) if path is not None else 0.0
        if self._playback is None and path is not None:
            self._playback = Playback(self._bridge.show, lambda error: self._courier.bring(self._fail, error))
        if self._playback is not None:
            self._playback.open(path)
        self._source, self._is_bare = path, True
        self._patience = PATIENCE_TICKS if path is not None else 0
        self._sound.load(path)
        self._go(self._start_s)

    def seek(self, time_s: float) -> None:
        """Go to a moment, playing on if it plays."""
        self._go(time_s)
        self._play_sound()

    def step(self, num_frames: int) -> None:
        """Go so many pictures on or back."""
        self.pause()
        if self._playback is not None:
            self._steps = True
            self._playback.step(num_frames)

    def toggle(self) -> None:
        """Play, or pause."""
        if self.is_playing:
            self.pause()
            return
        if self.position_s >= self._last_s - 0.05:
            self._go(self._start_s)
        self._play()

    def _play(self) -> None:
        self.is_playing = True
        self._play_sound()
        self._timer.start()
        self.playing_changed.emit(True)

    def play_between(self, start_s: float, end_s: float) -> None:
        """Play one stretch and stand still at its end; `toggle` then plays on or starts it again."""
        self._stop_s = min(end_s, self.duration_s)
        self._start_s = start_s
        self._go(start_s)
        if not self.is_playing:
            self._play()
        else:
            self._play_sound()

    def pause(self) -> None:
        """Stand still."""
        self._timer.stop()
        self._sound.pause()
        if self.is_playing:
            self.is_playing = False
            self.playing_changed.emit(False)

    def set_rate(self, rate: float) -> None:
        """1.0, or slower."""
        self.rate = rate
        self._play_sound()

    def close(self) -> None:
        """End its thread."""
        self.pause()
        self._courier.close()
        self._sound.close()
        if self._playback is not None:
            self._playback.close()

    @property
    def _last_s(self) -> float:
        return self.duration_s if self._stop_s is None else self._stop_s

    def _play_sound(self) -> None:
        """From here on, if it plays and need not wait."""
        if self.is_playing and self._patience == 0:
            self._sound.play(self.position_s, self.rate)

    def _wait_no_more(self) -> None:
        if self._patience > 0:
            self._patience = 0
            self._play_sound()

    def _tick(self) -> None:
        if self._patience > 1:
            self._patience -= 1
            return
        self._wait_no_more()
        self._go(min(self._sound.position_s, self._last_s))  # a stalled window must not run past the end of a clip
        if self.position_s >= self._last_s:
            self.pause()

    def _go(self, time_s: float) -> None:
        self.position_s = min(max(time_s, 0.0), self.duration_s)
        self._steps = False
        if self._source is not None and not is_kept(self._source, self.position_s):
            self._wait_no_more()
            self._is_bare = True
            self.nothing_kept.emit(nothing_kept_words(self._source, self.position_s))
        elif self._playback is not None:
            if self._is_bare and self._source is not None:
                self._is_bare = False
                self.looking.emit()
            self._playback.show(self.position_s)
        self.moved.emit(self.position_s)

    def _show(self, frame: Frame) -> None:
        if self._source is not None and not self._steps and not is_kept(self._source, self.position_s):
            return  # it was on its way when the player left the stretch it belongs to
        self._wait_no_more()
        self.frame_shown.emit(frame)
        if self._steps:  # until the next seek the picture says where the player stands, not the other way round
            self.position_s = min(frame.time_s, self.duration_s)
            self.moved.emit(self.position_s)

    def _fail(self, error: EmoAsstError) -> None:
        self._wait_no_more()
        self.failed.emit(error)


def nothing_kept_words(source: Source, time_s: float) -> str:
    """What to say where no picture is, and where the next one is."""
    next_s = next_kept_s(source, time_s)
    return NOTHING_KEPT if next_s is None else f"{NOTHING_KEPT} The next one is at {clock_text(next_s)}."
