"""Words while somebody still speaks, and all of them soon after: a pause is taken for the end before it is one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Vector, Word
from emoasst_core.transcription.transcriber import Transcriber

PART_LENGTH: Final = round(1.2 * SAMPLE_RATE_HZ)  # unread sound that is read while somebody still speaks
WHOLE_LENGTH: Final = 5 * SAMPLE_RATE_HZ  # an utterance of up to this is read once more as a whole at its end ...
WHOLE_S: Final = 1.2  # ... if that takes no longer than this
SPEED_PACE: Final = 0.5  # weight of the newest reading in what is known of the speed
SEAM_S: Final = 0.01  # sound beyond a cut belongs to the next utterance if that goes on within this
LOUDNESS_LENGTH: Final = SAMPLE_RATE_HZ // 32  # 31 ms: a part is cut where so long a stretch is quietest
CUT_SHARE: Final = 0.6  # ... in the last two fifths of the part
RESTING: Final = 2.0  # a part is read only so many times the last reading's duration after that began: half the time is free


class WordStream(Protocol):
    """The words of one utterance after the other."""

    def begin(self, start_s: float) -> None:
        """A new utterance; one that was not finished is given up.

        Args:
            start_s: session time of the first sample to come.
        """

    def feed(self, samples: Vector, is_pause: bool = False) -> Transcript:
        """Take the next part, contiguous with the one before; the words so far.

        Args:
            is_pause: nobody speaks just now: this may have been all.

        Raises:
            ModelError: the recogniser failed.
        """

    def finish(self, samples: Vector, end_s: float) -> Transcript:
        """Take the last part; the utterance ended at `end_s`, possibly before what was fed; its words.

        Raises:
            ModelError: the recogniser failed.
        """


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples `first` to `last` of the utterance and the words read from them."""

    first: int
    last: int
    words: tuple[Word, ...]


class PartsStream:
    """For transcribers that need whole stretches of sound.

    While somebody speaks, what is still unread is read whenever it is long enough. At a pause the whole utterance is read, or
    only its unread end where the whole would take too long on this machine: if the pause turns out to be the end, its words
    are there.

    Args:
        transcriber: reads.
        now_s: a clock, to see how long it takes.
    """

    def __init__(self, transcriber: Transcriber, now_s: Callable[[], float] = time.monotonic) -> None:
        self._transcriber, self._now_s = transcriber, now_s
        self._beyond = np.zeros(0, np.float32)  # the last cut
        self._beyond_end_s = -1.0
        self._began_s, self._took_s = -1e9, 0.0  # the last reading
        self._cost_s = 0.0  # of reading a second of sound
        self.begin(0.0)

    def begin(self, start_s: float) -> None:
        """See `WordStream.begin`."""
        goes_on = abs(start_s - self._beyond_end_s) < SEAM_S
        self._samples = self._beyond if goes_on else np.zeros(0, np.float32)
        self._start_s = start_s - len(self._samples) / SAMPLE_RATE_HZ
        self._parts: list[_Part] = []
        self._is_resting = False  # all was read at a pause, and nothing came since

    def feed(self, samples: Vector, is_pause: bool = False) -> Transcript:
        """See `WordStream.feed`."""
        self._take(samples)
        if is_pause:
            self._read_to(len(self._samples))
            self._is_resting = True
        elif len(self._samples) - self._num_read >= PART_LENGTH and self._is_rested:
            self._read_on()
        return self._transcript(self._words)

    def finish(self, samples: Vector, end_s: float) -> Transcript:
        """See `WordStream.finish`."""
        self._take(samples)
        length = min(max(0, round((end_s - self._start_s) * SAMPLE_RATE_HZ)), len(self._samples))
        self._beyond, self._beyond_end_s = self._samples[length:], self._start_s + len(self._samples) / SAMPLE_RATE_HZ
        if not (self._is_resting and length <= self._num_read):
            self._read_to(length)
        limit_s = self._start_s + length / SAMPLE_RATE_HZ
        return self._transcript(tuple(_until(limit_s, word) for word in self._words if word.start_s < limit_s))

    def _take(self, samples: Vector) -> None:
        if len(samples):
            self._samples = np.concatenate([self._samples, samples]).astype(np.float32)
            self._is_resting = False

    def _read_to(self, length: int) -> None:
        """Read what lies before `length` as well as can be: as a whole unless that takes too long."""
        is_quick = length <= WHOLE_LENGTH and self._cost_s * length / SAMPLE_RATE_HZ <= WHOLE_S
        if self._transcriber.reads_windows or is_quick or not self._parts or self._parts[0].last > length:
            self._parts = [self._read(0, length)]
            return
        self._parts = [part for part in self._parts if part.last <= length]
        if self._num_read < length:
            self._parts.append(self._read(self._num_read, length))

    def _read_on(self) -> None:
        """Read what is still unread, up to where it is quietest; a transcriber of windows reads all anew for the same time."""
        if self._transcriber.reads_windows:
            self._parts = [self._read(0, len(self._samples))]
            return
        first = self._num_read
        self._parts.append(self._read(first, first + _quietest(self._samples[first:])))

    def _read(self, first: int, last: int) -> _Part:
        self._began_s = self._now_s()
        transcript = self._transcriber.transcribe(self._samples[first:last], self._start_s + first / SAMPLE_RATE_HZ)
        self._took_s = self._now_s() - self._began_s
        cost_s = self._took_s * SAMPLE_RATE_HZ / max(last - first, SAMPLE_RATE_HZ)
        self._cost_s = cost_s if not self._cost_s else (1 - SPEED_PACE) * self._cost_s + SPEED_PACE * cost_s
        return _Part(first, last, transcript.words)

    @property
    def _num_read(self) -> int:
        return self._parts[-1].last if self._parts else 0

    @property
    def _is_rested(self) -> bool:
        return self._now_s() - self._began_s >= RESTING * self._took_s

    @property
    def _words(self) -> tuple[Word, ...]:
        return tuple(word for part in self._parts for word in part.words)

    def _transcript(self, words: tuple[Word, ...]) -> Transcript:
        return Transcript(words, self._transcriber.name, self._transcriber.is_basic)


def _until(limit_s: float, word: Word) -> Word:
    return replace(word, end_s=min(word.end_s, limit_s))


def _quietest(samples: Vector) -> int:
    """Where a part is best cut: the middle of its quietest stretch behind `CUT_SHARE` of it."""
    first = round(CUT_SHARE * len(samples))
    num_stretches = (len(samples) - first) // LOUDNESS_LENGTH
    stretches = samples[first : first + num_stretches * LOUDNESS_LENGTH].reshape(num_stretches, LOUDNESS_LENGTH)
    quietest = int(np.square(stretches).mean(axis=1).argmin())
    return first + quietest * LOUDNESS_LENGTH + LOUDNESS_LENGTH // 2
