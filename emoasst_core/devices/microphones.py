"""The microphones that are plugged in, by an id that stays when others come and go."""

from __future__ import annotations

from dataclasses import dataclass

from emoasst_core.errors import DeviceError


@dataclass(frozen=True, slots=True)
class MicrophoneInfo:
    """One microphone: `microphone_id` ("sound system: name") is what `capture.Microphone` takes and settings keep."""

    microphone_id: str
    name: str
    is_default: bool = False


def list_microphones() -> list[MicrophoneInfo]:
    """All devices that record sound, the system's default marked.

    PortAudio numbers devices anew whenever one is plugged in, so its numbers are never kept.

    Raises:
        DeviceError: PortAudio is missing, or the sound system cannot be asked.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise DeviceError(
            "Microphones cannot be listed: the sound library PortAudio is missing.",
            "Install it (on Debian and Ubuntu: apt install libportaudio2), or open a recording instead.",
        ) from error
    try:
        systems = sounddevice.query_hostapis()
        devices = sounddevice.query_devices()
        default = sounddevice.default.device[0]
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"Microphones cannot be listed: {error}.", "Check the system's sound settings.") from error
    found: dict[str, MicrophoneInfo] = {}
    for index, device in enumerate(devices):
        if device["max_input_channels"] > 0:
            microphone_id = f"{systems[device['hostapi']]['name']}: {device['name']}"
            found.setdefault(microphone_id, MicrophoneInfo(microphone_id, device["name"], index == default))
    return list(found.values())
