"""Joins chunks of speech into utterances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from emoasst_core.config import WindowOptions

PADDING_S = 0.1  # before and after: soft consonants lie below the threshold
RELEASE = 0.15  # speech goes on until its probability falls this far below the threshold (Silero's own rule)


class Chunk(Protocol):
    """A short stretch of sound with its probability of being speech, see `voice_activity.SpeechChunk`."""

    @property
    def start_s(self) -> float:
        """Its beginning."""

    @property
    def end_s(self) -> float:
        """Its end."""

    @property
    def speech_prob(self) -> float:
        """Probability that somebody speaks."""


class UtteranceSegmenter:
    """Finds where utterances start and end, while the sound is still coming in.

    Args:
        options: `speech_threshold`, `min_speech_s`, `min_silence_s`, `max_utterance_s`.
    """

    def __init__(self, options: WindowOptions) -> None:
        self._options = options
        self._chunks: list[Chunk] = []  # of the open utterance, from its first chunk of speech on
        self._last_speech_s = 0.0
        self._previous_end_s = 0.0  # of the utterance before, so that padding never overlaps it

    @property
    def open_since_s(self) -> float | None:
        """Start of the utterance being spoken, None in silence or while it is still too short to count."""
        if not self._chunks or self._last_speech_s - self._chunks[0].start_s < self._options.min_speech_s:
            return None
        return self._padded_start_s()

    @property
    def silent_s(self) -> float:
        """How long nobody has spoken within the utterance that is not over; 0 where there is none."""
        return self._chunks[-1].end_s - self._last_speech_s if self._chunks else 0.0

    def feed(self, chunks: Sequence[Chunk]) -> list[tuple[float, float]]:
        """Take the next chunks; return the utterances (start_s, end_s) that ended in them."""
        spans: list[tuple[float, float]] = []
        for chunk in chunks:
            limit = self._options.speech_threshold - (RELEASE if self._chunks else 0.0)
            is_speech = chunk.speech_prob >= limit
            if not self._chunks and not is_speech:
                continue
            self._chunks.append(chunk)
            if is_speech:
                self._last_speech_s = chunk.end_s
            elif chunk.end_s - self._last_speech_s >= self._options.min_silence_s - 1e-9:
                spans += self._close(chunk.end_s)
                continue
            if self._chunks[-1].end_s - self._padded_start_s() >= self._options.max_utterance_s - PADDING_S:
                spans += self._split()
        return spans

    def flush(self, end_s: float) -> list[tuple[float, float]]:
        """The sound ends at `end_s`: return the utterance that was still open, if it is long enough."""
        return self._close(end_s) if self._chunks else []

    def _padded_start_s(self) -> float:
        return max(self._previous_end_s, self._chunks[0].start_s - PADDING_S, 0.0)

    def _close(self, limit_s: float) -> list[tuple[float, float]]:
        """End the open utterance after its last speech; `limit_s` is where the known sound ends."""
        spoken_s = self._last_speech_s - self._chunks[0].start_s
        start_s, end_s = self._padded_start_s(), min(self._last_speech_s + PADDING_S, limit_s)
        self._chunks = []
        if spoken_s < self._options.min_speech_s - 1e-9:
            return []
        self._previous_end_s = end_s
        return [(start_s, end_s)]

    def _split(self) -> list[tuple[float, float]]:
        """Cut speech that goes on too long in the middle of its quietest chunk, in the last quarter of it.

        The words before the cut are captioned now: a cut further back would leave them standing out for as long.
        """
        first = len(self._chunks) * 3 // 4
        quietest = min(range(first, len(self._chunks)), key=lambda index: self._chunks[index].speech_prob)
        chunk = self._chunks[quietest]
        cut_s = min((chunk.start_s + chunk.end_s) / 2, self._last_speech_s + PADDING_S)
        span = self._padded_start_s(), cut_s
        self._previous_end_s = cut_s
        rest = self._chunks[quietest + 1 :]
        while rest and rest[0].speech_prob < self._options.speech_threshold - RELEASE:
            rest = rest[1:]
        self._chunks = rest
        return [span]
