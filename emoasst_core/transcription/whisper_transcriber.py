"""faster-whisper on a model folder on disk; never goes online."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Vector, Word
from emoasst_core.errors import ModelError

MIN_LENGTH = SAMPLE_RATE_HZ // 10  # 0.1 s; anything shorter cannot hold a word
TOKENIZER_FILE = "tokenizer.json"  # without it faster-whisper fetches one from the internet


class WhisperTranscriber:
    """Whisper (Radford et al. 2022) in CTranslate2's format, eight-bit on the processor.

    Args:
        folder: of the model: model.bin, vocabulary, tokenizer.json.
        num_threads: processor threads it may use.

    Raises:
        ModelError: incomplete or damaged folder.
    """

    is_basic = False
    reads_windows = True

    def __init__(self, folder: Path, num_threads: int = 2) -> None:
        self.name = f"Whisper ({folder.name})"
        if not (folder / TOKENIZER_FILE).is_file():
            raise ModelError(f"The model folder {folder} lacks {TOKENIZER_FILE}.", "Download or import the model again.")
        os.environ["HF_HUB_OFFLINE"] = "1"
        from faster_whisper import WhisperModel

        try:
            self._model = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=num_threads, local_files_only=True
            )
        except Exception as error:  # CTranslate2 raises bare RuntimeError, the tokenizer bare Exception
            raise ModelError(
                f"The speech model in {folder} cannot be loaded: {error}.", "Download or import the model again."
            ) from error

    def transcribe(self, samples: Vector, start_s: float) -> Transcript:
        """See `Transcriber.transcribe`."""
        if len(samples) < MIN_LENGTH:
            return Transcript((), self.name)
        end_s = start_s + len(samples) / SAMPLE_RATE_HZ
        words: list[Word] = []
        try:
            segments, _ = self._model.transcribe(
                np.asarray(samples, np.float32),
                beam_size=1,
                temperature=0.0,  # no second, random tries: they are what invents text
                condition_on_previous_text=False,
                word_timestamps=True,
                vad_filter=False,
            )
            for segment in segments:
                for word in segment.words or ():
                    first_s = min(start_s + float(word.start), end_s)
                    words.append(Word(first_s, max(first_s, min(start_s + float(word.end), end_s)), word.word.strip()))
        except Exception as error:  # CTranslate2 raises bare RuntimeError and ValueError
            raise ModelError(f"The speech model {self.name} failed: {error}.", "Download or import it again.") from error
        return Transcript(tuple(word for word in words if word.text), self.name)
