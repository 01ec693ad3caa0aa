"""Words while somebody still speaks: the sound comes in parts, and the end of the utterance costs only its last part."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Vector, Word
from emoasst_core.transcription.transcriber import Transcriber

PART_LENGTH: Final = round(1.6 * SAMPLE_RATE_HZ)  # of a part that a whole-utterance transcriber reads by itself meanwhile
SEAM_S: Final = 0.01  # sound beyond a cut belongs to the next utterance if that goes on within this


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


class PartsStream:
    """For transcribers that need whole utterances.

    Args:
        transcriber: reads each part of `PART_LENGTH` by itself, and the whole utterance when it ends.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._beyond = np.zeros(0, np.float32)  # the last cut
        self._beyond_end_s = -1.0
        self.begin(0.0)

    def begin(self, start_s: float) -> None:
        """See `WordStream.begin`."""
        goes_on = abs(start_s - self._beyond_end_s) < SEAM_S
        self._samples = self._beyond if goes_on else np.zeros(0, np.float32)
        self._start_s = start_s - len(self._samples) / SAMPLE_RATE_HZ
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
        self._beyond, self._beyond_end_s = self._samples[length:], self._start_s + len(self._samples) / SAMPLE_RATE_HZ
        return self._transcriber.transcribe(self._samples[:length], self._start_s)
