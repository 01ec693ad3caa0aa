"""A microphone as a source of sound, through PortAudio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emoasst_core.capture.sound_inlet import SoundInlet
from emoasst_core.clock import SessionClock
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock
from emoasst_core.errors import DeviceError

SILENT_TIMEOUT_S = 1.0  # callbacks come every 0.1 s; PortAudio does not report an unplugged microphone
OPENING_S = 5.0  # the first callback took up to 2.8 s through PulseAudio on a busy machine


class Microphone:
    """Sound of one microphone, stamped with the session's clock.

    Args:
        microphone_id: from `devices.list_microphones` ("sound system: name"); None for the system's default.
        clock: the session's; by default time starts now.

    Attributes:
        last_block_s: time of the latest callback, None before the first.
    """

    def __init__(self, microphone_id: str | None = None, clock: SessionClock | None = None) -> None:
        self._microphone_id = microphone_id
        self._clock = clock or SessionClock()
        self._inlet: SoundInlet | None = None
        self._is_closed = False
        self.last_block_s: float | None = None

    @property
    def source_id(self) -> str:
        """The microphone's stable id, "default" for the system's choice."""
        return self._microphone_id or "default"

    @property
    def num_overruns(self) -> int:
        """How often sound was lost."""
        return self._inlet.num_overruns if self._inlet else 0

    def now_s(self) -> float:
        """The clock that blocks are stamped with."""
        return self._clock.now_s()

    def __iter__(self) -> Iterator[AudioBlock]:
        """See `blocks`."""
        return self.blocks()

    def blocks(self) -> Iterator[AudioBlock]:
        """Blocks as they come, until `close`.

        Raises:
            DeviceError: PortAudio or the microphone is missing, in use, not permitted, or fell silent.
        """
        sounddevice = import_sounddevice()
        try:
            device = self._find(sounddevice)
            rate_hz = _sample_rate_hz(sounddevice, device)
            inlet = self._inlet = SoundInlet(rate_hz)
            if self._is_closed:
                inlet.close()
            with sounddevice.InputStream(
                device=device, samplerate=rate_hz, channels=1, blocksize=rate_hz // 10, callback=self._on_sound
            ):
                yield from inlet.blocks(SILENT_TIMEOUT_S, OPENING_S)
        except sounddevice.PortAudioError as error:
            raise DeviceError(
                f"The microphone {self.source_id} cannot be used: {error}.",
                "Plug it in, close other programs that use it, and allow microphone access in the privacy settings.",
                "busy" if "unavailable" in str(error).lower() else "",
            ) from error
        except TimeoutError as error:
            raise DeviceError(
                f"The microphone {self.source_id} stopped delivering sound.", "Check its plug, then start again."
            ) from error

    def close(self) -> None:
        """End the iteration after the sound already heard; may be called from another thread."""
        self._is_closed = True
        if self._inlet is not None:
            self._inlet.close()

    def _on_sound(self, samples: Any, num_frames: int, times: Any, status: Any) -> None:
        assert self._inlet is not None
        self.last_block_s = self._clock.now_s()
        age_s = max(0.0, times.currentTime - times.inputBufferAdcTime) if times.inputBufferAdcTime else 0.0
        heard_s = age_s if 0.0 < age_s < 1.0 else num_frames / self._inlet.sample_rate_hz
        self._inlet.accept(max(0.0, self.last_block_s - heard_s), samples, bool(status.input_overflow))

    def _find(self, sounddevice: Any) -> int | None:
        if self._microphone_id is None:
            return None
        systems = sounddevice.query_hostapis()
        for index, device in enumerate(sounddevice.query_devices()):
            name = f"{systems[device['hostapi']]['name']}: {device['name']}"
            if device["max_input_channels"] > 0 and name == self._microphone_id:
                return index
        raise DeviceError(f"There is no microphone {self._microphone_id}.", "Plug it in or choose another.", "missing")


def import_sounddevice() -> Any:
    """The PortAudio binding, loaded on first use.

    Raises:
        DeviceError: it or PortAudio is not installed.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise DeviceError(
            "Microphones cannot be used: the sound library PortAudio is missing.",
            "Install it (on Debian and Ubuntu: apt install libportaudio2), or open a recording instead.",
        ) from error
    return sounddevice


def _sample_rate_hz(sounddevice: Any, device: int | None) -> int:
    """16 kHz where the device can, else its own rate."""
    try:
        sounddevice.check_input_settings(device=device, channels=1, samplerate=SAMPLE_RATE_HZ)
    except sounddevice.PortAudioError:
        return int(sounddevice.query_devices(device, "input")["default_samplerate"])
    return SAMPLE_RATE_HZ
