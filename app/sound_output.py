"""Where decoded sound goes: the loudspeaker of this computer, in small steps so that it never lags behind the picture."""

from __future__ import annotations

from typing import Any, Final, Protocol

from PySide6.QtCore import QObject

BUFFER_S: Final = 0.2  # a stall of the window shorter than this is not heard


class SoundOutput(Protocol):
    """Takes 16-bit stereo samples."""

    def start(self) -> None:
        """Begin anew, with nothing waiting."""

    def stop(self) -> None:
        """Fall silent at once; what waits is dropped."""

    def write(self, samples: bytes) -> int:
        """Give samples; how many bytes were taken."""

    @property
    def free_bytes(self) -> int:
        """How much can be taken now."""

    @property
    def waiting_bytes(self) -> int:
        """How much was taken and has not been heard."""


class LoudspeakerOutput(QObject):
    """The system's default loudspeaker."""

    def __init__(self, sink: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sink = sink
        self._device: Any = None

    def start(self) -> None:
        """See `SoundOutput.start`."""
        self._sink.reset()
        self._device = self._sink.start()

    def stop(self) -> None:
        """See `SoundOutput.stop`."""
        self._sink.reset()
        self._device = None

    def write(self, samples: bytes) -> int:
        """See `SoundOutput.write`."""
        return max(0, int(self._device.write(samples))) if self._device is not None and samples else 0

    @property
    def free_bytes(self) -> int:
        """See `SoundOutput.free_bytes`."""
        return int(self._sink.bytesFree()) if self._device is not None else 0

    @property
    def waiting_bytes(self) -> int:
        """See `SoundOutput.waiting_bytes`."""
        return max(0, int(self._sink.bufferSize()) - int(self._sink.bytesFree())) if self._device is not None else 0


def open_output(parent: QObject) -> SoundOutput | None:
    """The loudspeaker, or None where the library or a loudspeaker is missing."""
    try:
        from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices
    except ImportError:  # Linux without libpulse: pictures still play
        return None
    from emoasst_core.session.sound_format import BYTES_PER_S, NUM_CHANNELS, RATE_HZ

    device = QMediaDevices.defaultAudioOutput()
    format_ = QAudioFormat()
    format_.setSampleRate(RATE_HZ)
    format_.setChannelCount(NUM_CHANNELS)
    format_.setSampleFormat(QAudioFormat.SampleFormat.Int16)
    if device.isNull() or not device.isFormatSupported(format_):
        return None
    sink = QAudioSink(device, format_, parent)
    sink.setBufferSize(int(BUFFER_S * BYTES_PER_S))
    return LoudspeakerOutput(sink, parent)
