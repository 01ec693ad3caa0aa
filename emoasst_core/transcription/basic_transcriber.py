"""Basic captions by PocketSphinx, whose small English model comes with it: always there, often wrong, labelled as such."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Vector, Word
from emoasst_core.errors import ModelError
from emoasst_core.transcription.word_stream import CARRY_S

FRAME_S = 0.01  # PocketSphinx counts time in frames of 10 ms
MIN_LENGTH = SAMPLE_RATE_HZ // 10  # 0.1 s; anything shorter cannot hold a word
PAD_LENGTH = SAMPLE_RATE_HZ // 5  # silence of 0.2 s around the words, which its grammar expects
FILLER = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")  # silence and noises
VARIANT = re.compile(r"\(\d+\)$")  # "read(2)": the second pronunciation

SILENT_PEAK = 1e-3  # -60 dB of full scale: below it nobody is heard, and the recogniser would still name a word

# On 67 s of speech (11 read sentences and speeches, 11 commands) a search over fewer paths, without the second pass over
# them, takes 0.20 s per second of sound on one core instead of 0.32. Of the sentences' words 39 % are wrong, with the
# recogniser's own settings 43 %: the same, on so few. Of the commands' words, in no ordinary grammar, 80 and 82 %.
# Read part by part 68 % of 97 words in 11 recordings are wrong, read as whole utterances 55 %: what it subtracts as the sound
# of the room is then taken from all of it.
WHOLE_S = 5.0  # 0.25 s per second on one core: 1.3 s at most
TAIL_S = 0.5  # an utterance ends this much before the sound handed on: its silence, and no cut

SEARCH: dict[str, object] = {
    "maxhmmpf": 5_000,  # states kept per frame of 10 ms (its own: 30,000)
    "maxwpf": 10,  # words that may end in one frame (its own: unlimited)
    "fwdflat": False,  # no second pass
}


class BasicTranscriber:
    """PocketSphinx (Huggins-Daines et al. 2006) with its own US English model.

    Raises:
        ModelError: the package or its model is not installed whole.
    """

    name = "PocketSphinx (basic captions)"
    is_basic = True

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder

            self._decoder = Decoder(samprate=SAMPLE_RATE_HZ, loglevel="FATAL", **SEARCH)
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            raise ModelError(f"Basic captions are not available: {error}.", "Install pocketsphinx again.") from error

    def transcribe(self, samples: Vector, start_s: float) -> Transcript:
        """See `Transcriber.transcribe`."""
        if len(samples) < MIN_LENGTH or float(np.abs(samples).max()) < SILENT_PEAK:
            return Transcript((), self.name, is_basic=True)
        padded = np.pad(np.clip(samples, -1.0, 1.0), PAD_LENGTH)
        try:
            self._decoder.start_utt()
            self._decoder.process_raw((padded * 32767).astype("<i2").tobytes(), full_utt=True)
            self._decoder.end_utt()
            segments = [(part.start_frame, part.end_frame, part.word) for part in self._decoder.seg() or ()]
        except RuntimeError as error:
            raise _failed(error) from error
        words = (_placed(first, last, text, start_s, len(samples)) for first, last, text in segments if not FILLER.match(text))
        return Transcript(tuple(words), self.name, is_basic=True)

    def open_stream(self) -> SphinxStream:
        """A stream of its own decoder; do not call `transcribe` while an utterance is open in it."""
        return SphinxStream(self._decoder, self)


class SphinxStream:
    """PocketSphinx fed part by part: the search goes on while somebody speaks.

    An utterance of up to `WHOLE_S` that was not cut is read once more as a whole when it ends, which names more of its words;
    for a longer one that would come too late.

    Args:
        decoder: PocketSphinx's.
        transcriber: of the same decoder.
    """

    def __init__(self, decoder: Any, transcriber: BasicTranscriber) -> None:
        self._decoder, self._transcriber = decoder, transcriber
        self._parts: list[Vector] = []
        self._is_open = False
        self._start_s, self._length = 0.0, 0
        self._peak = 0.0
        self._carried: tuple[Word, ...] = ()

    def begin(self, start_s: float) -> None:
        """See `WordStream.begin`."""
        if self._is_open:
            self._decoder.end_utt()
        self._carried = tuple(word for word in self._carried if 0.0 <= start_s - word.start_s <= CARRY_S)
        self._start_s, self._length, self._peak, self._is_open, self._parts = start_s, 0, 0.0, True, []
        try:
            self._decoder.start_utt()
            self._decoder.process_raw(bytes(2 * PAD_LENGTH))
        except RuntimeError as error:
            raise _failed(error) from error

    def feed(self, samples: Vector) -> Transcript:
        """See `WordStream.feed`."""
        if len(samples):
            self._peak = max(self._peak, float(np.abs(samples).max()))
            self._length += len(samples)
            self._parts.append(samples)
            try:
                self._decoder.process_raw((np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())
            except RuntimeError as error:
                raise _failed(error) from error
        return self._transcript(self._carried + self._words())

    def finish(self, end_s: float) -> Transcript:
        """See `WordStream.finish`; words whose middle lies beyond the end are kept for the next utterance."""
        try:
            self._decoder.process_raw(bytes(2 * PAD_LENGTH))
            self._decoder.end_utt()
        except RuntimeError as error:
            raise _failed(error) from error
        self._is_open = False
        heard_s = self._length / SAMPLE_RATE_HZ
        is_whole = not self._carried and self._start_s + heard_s - end_s < TAIL_S
        if is_whole and 0.0 < heard_s <= WHOLE_S:
            return self._transcriber.transcribe(np.concatenate(self._parts), self._start_s)
        words = self._carried + self._words()
        ours = tuple(word for word in words if (word.start_s + word.end_s) / 2 <= end_s)
        self._carried = words[len(ours) :]
        return self._transcript(ours)

    def _words(self) -> tuple[Word, ...]:
        if self._peak < SILENT_PEAK:
            return ()
        found = ((part.start_frame, part.end_frame, part.word) for part in self._decoder.seg() or ())
        return tuple(
            _placed(first, last, text, self._start_s, self._length) for first, last, text in found if not FILLER.match(text)
        )

    def _transcript(self, words: tuple[Word, ...]) -> Transcript:
        return Transcript(words, self._transcriber.name, is_basic=True)


def _placed(first: int, last: int, text: str, start_s: float, length: int) -> Word:
    """Times without the padding, kept inside the utterance."""
    pad_s, length_s = PAD_LENGTH / SAMPLE_RATE_HZ, length / SAMPLE_RATE_HZ
    begin_s = min(max(first * FRAME_S - pad_s, 0.0), length_s)
    end_s = min(max((last + 1) * FRAME_S - pad_s, begin_s), length_s)
    return Word(start_s + begin_s, start_s + end_s, VARIANT.sub("", text))


def _failed(error: RuntimeError) -> ModelError:
    return ModelError(f"Basic captions failed: {error}.", "Install pocketsphinx again.")
