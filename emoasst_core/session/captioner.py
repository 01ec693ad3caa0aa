"""Captions beside the pipeline: utterances go to one transcription process, words come back when they are ready.

PocketSphinx keeps Python's global lock while it decodes (measured: another thread ran at 4 % of its speed), so a thread is not
enough.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Transcript
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.parent_watch import end_with_parent
from emoasst_core.transcription.transcriber import Transcriber, open_transcriber

_transcriber: Transcriber | None = None  # lives in the transcription process only


def _open(models_folder: Path | None) -> None:
    global _transcriber
    end_with_parent()
    _transcriber = open_transcriber(models_folder)


def _transcribe(samples: NDArray[np.float32], start_s: float) -> Transcript:
    assert _transcriber is not None
    return _transcriber.transcribe(samples, start_s)


class Captioner:
    """Transcribes utterances in the order they end.

    Args:
        models_folder: where installed Whisper models lie.
    """

    def __init__(self, models_folder: Path | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_open, initargs=(models_folder,))
        self._waiting: dict[int, Future[Transcript]] = {}
        self.failure = ""

    def submit(self, number: int, samples: NDArray[np.float32], start_s: float) -> None:
        """Ask for the words of one utterance."""
        if self.failure:
            return
        try:
            self._waiting[number] = self._pool.submit(_transcribe, samples, start_s)
        except (BrokenProcessPool, RuntimeError) as error:
            self.failure = f"Captions stopped: {error}"

    def collect(self, wait: bool = False) -> list[tuple[int, Transcript]]:
        """Transcripts that are ready, by utterance number; `wait` waits for all of them."""
        ready = []
        for number in sorted(self._waiting):
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
