"""The sound of a recording while its pictures are shown. Where there is no loudspeaker, time runs silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QElapsedTimer, QObject, QUrl

DRIFT_S = 0.15  # the player tells its place in steps; only a larger difference is real


class SoundTrack(QObject):
    """A clock that can be heard: `position_s` follows the sound, or a timer where nothing can be played."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._player: Any = None
        self._has_looked = False
        self._timer = QElapsedTimer()
        self._from_s = 0.0
        self._rate = 1.0
        self._is_playing = False

    def load(self, path: Path | None) -> None:
        """Take another recording, at its start."""
        self.pause()
        self._from_s = 0.0
        if path is not None and not self._has_looked:
            self._has_looked = True
            self._player = _open_player(self)  # not before it is needed: the library takes a moment to load
        if self._player is not None:
            self._player.setSource(QUrl.fromLocalFile(str(path)) if path is not None else QUrl())

    def play(self, from_s: float, rate: float = 1.0) -> None:
        """Play on from a moment."""
        self._from_s, self._rate, self._is_playing = from_s, rate, True
        self._timer.start()
        if self._player is not None:
            self._player.setPlaybackRate(rate)
            self._player.setPosition(round(from_s * 1000))
            self._player.play()

    def pause(self) -> None:
        """Stand still."""
        self._from_s = self.position_s
        self._is_playing = False
        if self._player is not None:
            self._player.pause()

    @property
    def position_s(self) -> float:
        """The moment being heard."""
        if not self._is_playing:
            return self._from_s
        position_s = self._from_s + self._timer.elapsed() / 1000 * self._rate
        if self._player is not None and self._player.isPlaying():
            heard_s = self._player.position() / 1000
            if heard_s > self._from_s and abs(heard_s - position_s) > DRIFT_S:
                self._from_s, position_s = heard_s, heard_s
                self._timer.start()
        return position_s


def _open_player(parent: QObject) -> Any:
    """A player of sound only, or None where the library or a loudspeaker is missing."""
    try:
        from PySide6.QtMultimedia import QAudioOutput, QMediaDevices, QMediaPlayer
    except ImportError:  # Linux without libpulse: pictures still play
        return None
    if QMediaDevices.defaultAudioOutput().isNull():
        return None
    player = QMediaPlayer(parent)
    player.setAudioOutput(QAudioOutput(player))
    return player
