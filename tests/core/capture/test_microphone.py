from __future__ import annotations

import sys

import pytest

from emoasst_core.capture.microphone import Microphone
from emoasst_core.capture.sources import AudioSource
from emoasst_core.errors import DeviceError


def test_without_portaudio_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # what Python does for a package that cannot be imported
    with pytest.raises(DeviceError, match="PortAudio") as caught:
        list(Microphone())
    assert "libportaudio2" in caught.value.next_step


def test_a_missing_microphone_is_a_device_error() -> None:
    with pytest.raises(DeviceError):
        list(Microphone("No Such System: No Such Microphone"))


def test_a_microphone_is_an_audio_source() -> None:
    microphone = Microphone()
    assert isinstance(microphone, AudioSource)
    assert microphone.source_id == "default" and microphone.num_overruns == 0
