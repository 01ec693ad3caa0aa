"""Words while somebody still speaks: the sound comes in parts, and the end of the utterance costs only its last part."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Vector, Word
from emoasst_core.transcription.transcriber import Transcriber

PART_LENGTH: Final = round(1.6 * SAMPLE_RATE_HZ)  # of a part that a whole-utterance transcriber reads by itself meanwhile
CARRY_S: Final = 3.0  # words beyond a cut, a quarter of the longest utterance, belong to the next one if it follows at once


class WordStream(Protocol):
    """The words of one utterance after the other."""

    def begin(self, start_s: float) -> None:
        """A new utterance; one that was not finished is given up.

        Args:
            start_s: session time of the first sample to come.
        """

    def feed(self, samples: Vector) -> Transcript:
        """Take the next part, contiguous with the one before; the words so far.

        Raises:
            ModelError: the recogniser failed.
        """

    def finish(self, end_s: float) -> Transcript:
        """The utterance ended at `end_s`, possibly before what was fed; its words.

        Raises:
            ModelError: the recogniser failed.
        """


@runtime_checkable
class Streaming(Protocol):
    """A transcriber that reads on while somebody speaks."""

    def open_stream(self) -> WordStream:
        """Its one stream."""


def open_stream(transcriber: Transcriber) -> WordStream:
    """The transcriber's own stream, or one that reads parts meanwhile and the whole at the end."""
    return transcriber.open_stream() if isinstance(transcriber, Streaming) else PartsStream(transcriber)


class PartsStream:
    """For transcribers that need whole utterances.

    Args:
        transcriber: reads each part of `PART_LENGTH` by itself, and the whole utterance when it ends.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self.begin(0.0)

    def begin(self, start_s: float) -> None:
        """See `WordStream.begin`."""
        self._start_s = start_s
        self._samples = np.zeros(0, np.float32)
        self._num_read = 0
        self._words: tuple[Word, ...] = ()

    def feed(self, samples: Vector) -> Transcript:
        """See `WordStream.feed`."""
        self._samples = np.concatenate([self._samples, samples]).astype(np.float32)
        if len(self._samples) - self._num_read >= PART_LENGTH:
            part_start_s = self._start_s + self._num_read / SAMPLE_RATE_HZ
            self._words += self._transcriber.transcribe(self._samples[self._num_read :], part_start_s).words
            self._num_read = len(self._samples)
        return Transcript(self._words, self._transcriber.name, self._transcriber.is_basic)

    def finish(self, end_s: float) -> Transcript:
        """See `WordStream.finish`."""
        length = max(0, round((end_s - self._start_s) * SAMPLE_RATE_HZ))
        return self._transcriber.transcribe(self._samples[:length], self._start_s)
