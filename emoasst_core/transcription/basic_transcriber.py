"""Basic captions by PocketSphinx, whose small English model comes with it: always there, often wrong, labelled as such."""

from __future__ import annotations

import re

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Vector, Word
from emoasst_core.errors import ModelError

FRAME_S = 0.01  # PocketSphinx counts time in frames of 10 ms
MIN_LENGTH = SAMPLE_RATE_HZ // 10  # 0.1 s; anything shorter cannot hold a word
PAD_LENGTH = SAMPLE_RATE_HZ // 5  # silence of 0.2 s around the words, which its grammar expects
FILLER = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")  # silence and noises
VARIANT = re.compile(r"\(\d+\)$")  # "read(2)": the second pronunciation

SILENT_PEAK = 1e-3  # -60 dB of full scale: below it nobody is heard, and the recogniser would still name a word

# On 67 s of speech (11 read sentences and speeches, 11 commands) a search over fewer paths, without the second pass over
# them, takes 0.20 s per second of sound on one core instead of 0.32. Of the sentences' words 39 % are wrong, with the
# recogniser's own settings 43 %: the same, on so few. Of the commands' words, in no ordinary grammar, 80 and 82 %.
# Rating the sounds of every second frame only costs a fifth less again, and of 93 words of read sentences 39 % are wrong with it
# and without. (Fewer paths still, 3,000, or two of four densities a sound: as much less, and 46 and 50 % wrong.)
SEARCH: dict[str, object] = {
    "maxhmmpf": 5_000,  # states kept per frame of 10 ms (its own: 30,000)
    "maxwpf": 10,  # words that may end in one frame (its own: unlimited)
    "fwdflat": False,  # no second pass
    "ds": 2,  # every second frame's sounds are rated
}


class BasicTranscriber:
    """PocketSphinx (Huggins-Daines et al. 2006) with its own US English model.

    Raises:
        ModelError: the package or its model is not installed whole.
    """

    name = "PocketSphinx (basic captions)"
    is_basic = True
    reads_windows = False

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
            raise ModelError(f"Basic captions failed: {error}.", "Install pocketsphinx again.") from error
        words = (self._word(first, last, text, start_s, len(samples)) for first, last, text in segments if not FILLER.match(text))
        return Transcript(tuple(words), self.name, is_basic=True)

    def _word(self, first: int, last: int, text: str, start_s: float, length: int) -> Word:
        """Times without the padding, kept inside the utterance."""
        pad_s, length_s = PAD_LENGTH / SAMPLE_RATE_HZ, length / SAMPLE_RATE_HZ
        begin_s = min(max(first * FRAME_S - pad_s, 0.0), length_s)
        end_s = min(max((last + 1) * FRAME_S - pad_s, begin_s), length_s)
        return Word(start_s + begin_s, start_s + end_s, VARIANT.sub("", text))
