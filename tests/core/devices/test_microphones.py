from __future__ import annotations

import sys

import pytest

from emoasst_core.devices.microphones import list_microphones
from emoasst_core.errors import DeviceError


def test_without_portaudio_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match="PortAudio") as caught:
        list_microphones()
    assert "libportaudio2" in caught.value.next_step


def test_listed_microphones_have_unique_ids() -> None:
    try:
        microphones = list_microphones()
    except DeviceError as error:
        pytest.skip(f"no sound system here: {error}")
    ids = [microphone.microphone_id for microphone in microphones]
    assert len(set(ids)) == len(ids)
