"""Words are read with what was said just before them."""

from __future__ import annotations

from collections.abc import Sequence

from emoasst_core.config import CueOptions, WindowOptions
from emoasst_core.session.observations import FaceMemory, SoundMemory
from emoasst_core.session.stage_clock import StageClock
from emoasst_core.session.timeline_builder import TimelineBuilder
from emoasst_core.session.utterance_book import UtteranceBook


class Reader:
    """Reads nothing but keeps what it was given to read."""

    def __init__(self) -> None:
        self.read: list[tuple[str, tuple[str, ...]]] = []

    def encode(self, utterance):
        return {}

    def embed_words(self, text: str, context: Sequence[str] = ()):
        self.read.append((text, tuple(context)))


def book_of(starts_s: Sequence[float]) -> tuple[UtteranceBook, Reader]:
    sound = SoundMemory()
    reader = Reader()
    book = UtteranceBook(
        reader, WindowOptions(), FaceMemory(), sound, TimelineBuilder(CueOptions(), 0.2), StageClock()
    )  # fmt: skip
    for start_s in starts_s:
        book.close_utterance(start_s, start_s + 1.0)
    return book, reader


def test_words_come_with_the_two_utterances_before_oldest_first():
    book, reader = book_of([0.0, 2.0, 4.0, 6.0])
    for number, text in enumerate(("one", "two", "three", "four"), start=1):
        book.add_words(number, text)
    assert reader.read == [("one", ()), ("two", ("one",)), ("three", ("one", "two")), ("four", ("two", "three"))]


def test_an_utterance_without_words_is_skipped_and_a_long_silence_begins_anew():
    book, reader = book_of([0.0, 2.0, 4.0, 60.0])
    book.add_words(1, "one")
    book.add_words(3, "three")
    book.add_words(4, "later")
    assert reader.read[1:] == [("three", ("one",)), ("later", ())]
