"""Captions beside the pipeline: utterances go to one transcription process, words come back when they are ready.

PocketSphinx keeps Python's global lock while it decodes (measured: another thread ran at 4 % of its speed), so a thread is not
enough.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.processes import CAPTIONS, SpawnContext, begin_process
from emoasst_core.transcription.transcriber import Transcriber, open_transcriber
from emoasst_core.transcription.word_stream import PartsStream, WordStream

_transcriber: Transcriber | None = None  # these two live in the transcription process only
_stream: WordStream | None = None


def _open(models_folder: Path | None) -> None:
    global _transcriber, _stream
    begin_process(CAPTIONS)
    _transcriber = open_transcriber(models_folder)
    if not _transcriber.reads_windows:
        _transcriber.transcribe(_rustle(), 0.0)
    _stream = PartsStream(_transcriber)


def _rustle() -> NDArray[np.float32]:
    """Six seconds of noise as loud as speech: read once, they bring the recogniser's tables to the size that conversations need.

    Without them the process went on growing for over a hundred utterances (2.7 MB), with them for ten (0.5 MB).
    """
    rng = np.random.default_rng(1)
    length = 6 * SAMPLE_RATE_HZ
    low = np.cumsum(rng.normal(size=length))
    low -= np.convolve(low, np.full(400, 1 / 400), "same")
    loudness = np.repeat(rng.uniform(0.2, 1.0, 60), length // 60)
    return np.asarray(0.2 * loudness * low / np.abs(low).max(), np.float32)


def _be_ready() -> None:
    """Nothing to do: the process has been started and its model loaded."""


def _transcribe(samples: NDArray[np.float32], start_s: float) -> Transcript:
    assert _transcriber is not None
    return _transcriber.transcribe(samples, start_s)


def _read_on(samples: NDArray[np.float32], begins_s: float | None, is_pause: bool) -> Transcript:
    assert _stream is not None
    if begins_s is not None:
        _stream.begin(begins_s)
    return _stream.feed(samples, is_pause)


def _read_end(samples: NDArray[np.float32], begins_s: float | None, end_s: float) -> Transcript:
    assert _stream is not None
    if begins_s is not None:
        _stream.begin(begins_s)
    return _stream.finish(samples, end_s)


class Captioner:
    """Transcribes utterances in the order they end, or while they are spoken.

    Args:
        models_folder: where installed Whisper models lie.
    """

    def __init__(self, models_folder: Path | None) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=SpawnContext(), initializer=_open, initargs=(models_folder,))
        self._waiting: dict[int, Future[Transcript]] = {}
        self.failure = ""

    def prepare(self) -> None:
        """Start the process and load its model now, and not when the first words are asked for."""
        self._submit(_be_ready)

    def submit(self, number: int, samples: NDArray[np.float32], start_s: float) -> None:
        """Ask for the words of one whole utterance."""
        self._ask(number, _transcribe, samples, start_s)

    def read_on(self, number: int, samples: NDArray[np.float32], begins_s: float | None = None, is_pause: bool = False) -> None:
        """Hand on the next part of what is being spoken, and ask for the words so far.

        Args:
            number: below 0; the answer comes under it.
            samples: (n,) contiguous with the part before.
            begins_s: time of the first sample where an utterance begins.
            is_pause: nobody speaks just now: this may have been all.
        """
        self._ask(number, _read_on, samples, begins_s, is_pause)

    def read_end(self, number: int, samples: NDArray[np.float32], begins_s: float | None, end_s: float) -> None:
        """Hand on the last part, and ask for all words of an utterance.

        Args:
            number: of the utterance.
            samples, begins_s: as for `read_on`.
            end_s: where it ends, possibly before what was handed on.
        """
        self._ask(number, _read_end, samples, begins_s, end_s)

    def _ask(self, number: int, function: Callable[..., Transcript], *arguments: object) -> None:
        if not self.failure and (future := self._submit(function, *arguments)) is not None:
            self._waiting[number] = future

    def _submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any] | None:
        try:
            return self._pool.submit(function, *arguments)
        except (BrokenProcessPool, RuntimeError) as error:
            self.failure = f"Captions stopped: {error}"
            return None

    def collect(self, wait: bool = False) -> list[tuple[int, Transcript]]:
        """Transcripts that are ready, by utterance number; `wait` waits for all of them."""
        ready = []
        for number in list(self._waiting):  # in the order they were asked for, which is the order of the answers
            future = self._waiting[number]
            if not wait and not future.done():
                continue
            del self._waiting[number]
            try:
                ready.append((number, future.result()))
            except (EmoAsstError, BrokenProcessPool) as error:
                self.failure = f"Captions stopped: {error}"
        return ready

    @property
    def num_waiting(self) -> int:
        """Utterances whose words are still to come."""
        return len(self._waiting)

    def close(self) -> None:
        """End the process; utterances still waiting get no words."""
        self._pool.shutdown(wait=True, cancel_futures=True)
