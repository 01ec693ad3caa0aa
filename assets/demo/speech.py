"""Sentences spoken by the espeak-ng synthesiser, with the times of their words and sounds."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 48_000  # what Opus works at
SYNCHRONOUS, PHONEME_EVENTS, UTF8 = 2, 1, 1  # constants of espeak-ng's speak_lib.h
RATE, PITCH, RANGE = 1, 3, 4
END_OF_LIST, WORD, PHONEME = 0, 1, 7


class _Name(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks and how: espeak-ng's voice name, words per minute, pitch and its range (0 to 100)."""

    name: str
    rate: int = 150
    pitch: int = 50
    range: int = 50


@dataclass(frozen=True, slots=True)
class Speech:
    """One spoken sentence.

    Attributes:
        samples: (n,) float32 in [-1, 1] at 48 kHz.
        words: (start_s, end_s, text), from the start of the sentence.
        phonemes: (start_s, name) in espeak-ng's notation; an empty name is silence.
    """

    samples: NDArray[np.float32]
    words: tuple[tuple[float, float, str], ...]
    phonemes: tuple[tuple[float, str], ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


@functools.cache
def _library() -> tuple[Any, int]:
    name = ctypes.util.find_library("espeak-ng")
    if name is None:
        raise SystemExit("The speech of the demo is made by espeak-ng, which is not installed. Debian: apt-get install espeak-ng")
    library = ctypes.CDLL(name)
    rate_hz = library.espeak_Initialize(SYNCHRONOUS, 200, None, PHONEME_EVENTS)
    if rate_hz <= 0:
        raise SystemExit("espeak-ng is installed but does not start: its voices (espeak-ng-data) are missing.")
    return library, rate_hz


def speak(text: str, voice: Voice) -> Speech:
    """Speak one sentence."""
    library, rate_hz = _library()
    pieces: list[NDArray[np.int16]] = []
    events: list[tuple[int, float, str]] = []

    def collect(samples: Any, num_samples: int, event: Any) -> int:
        if samples and num_samples > 0:
            pieces.append(np.ctypeslib.as_array(samples, (num_samples,)).copy())
        position = 0
        while event[position].type != END_OF_LIST:
            one = event[position]
            name = one.id.string.decode("utf-8", "replace") if one.type == PHONEME else ""
            events.append((one.type, one.audio_position_ms / 1000, name))
            position += 1
        return 0

    callback = _Callback(collect)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.name.encode()) != 0:
        raise SystemExit(f"espeak-ng has no voice named {voice.name}.")
    for parameter, value in ((RATE, voice.rate), (PITCH, voice.pitch), (RANGE, voice.range)):
        library.espeak_SetParameter(parameter, value, 0)
    encoded = text.encode()
    library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded) + 1), 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()

    samples = np.concatenate(pieces).astype(np.float32) / 32768
    samples = soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ).astype(np.float32)
    voiced = np.flatnonzero(np.abs(samples) > 0.01)
    end_s = (voiced[-1] + 1) / SAMPLE_RATE_HZ
    samples = samples[: round((end_s + 0.05) * SAMPLE_RATE_HZ)]
    # One start per spoken word, in order; the events after the last sound only mark the end of the text.
    starts = sorted({start_s for kind, start_s, _ in events if kind == WORD and start_s < end_s})
    phonemes = tuple((start_s, name) for kind, start_s, name in events if kind == PHONEME)
    stops = [*starts, *(start_s for start_s, name in phonemes if name.startswith("_")), float(end_s)]
    spoken = [word.strip(".,!?") for word in text.split()]
    words = tuple(
        (start_s, min(stop for stop in stops if stop > start_s), word) for start_s, word in zip(starts, spoken, strict=True)
    )
    return Speech(samples, words, phonemes)
