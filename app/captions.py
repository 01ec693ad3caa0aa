"""The words that were said last: finished utterances, and below them the one that is still being said."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from emoasst_core.session.events import CaptionHeard, WordsHeard

NUM_CAPTIONS = 2
EDGES_PX = 44  # of the card around them, with the gaps between
BASIC_HEADING = "Words (basic captions, often wrong)"


class Captions:
    """Writes into three labels.

    Args:
        words: of the last finished utterances.
        partial: of the one that goes on.
        heading: says whether the captions are basic.
    """

    def __init__(self, words: QLabel, partial: QLabel, heading: QLabel) -> None:
        self._words, self._partial, self._heading = words, partial, heading
        self._lines: list[str] = []
        self._has_final_captions = False

    def clear(self) -> None:
        """A new session begins."""
        self._lines, self._has_final_captions = [], False
        self._words.setText("")
        self._partial.setText("")
        self._heading.setText("Words")

    def take(self, event: WordsHeard | CaptionHeard) -> None:
        """Show words; a finished utterance may be told both ways and is shown once."""
        if isinstance(event, WordsHeard):
            self._heading.setText(BASIC_HEADING if event.transcript.is_basic else "Words")
            if not self._has_final_captions:
                self._add(event.transcript.text)
        elif event.is_final:
            is_told = not self._has_final_captions and self._lines and self._lines[-1] == event.text.strip()
            self._has_final_captions = True
            if is_told:
                self._partial.setText("")
            else:
                self._add(event.text)
        else:
            self._partial.setText(f"{event.text.strip()} …" if event.text.strip() else "")

    def _add(self, text: str) -> None:
        self._partial.setText("")
        if text.strip():
            self._lines = [*self._lines, text.strip()][-NUM_CAPTIONS:]
            self._words.setText("\n".join(self._lines))
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Where long sentences do not fit, what was said first gives way."""
        card = self._words.parentWidget()
        if card is None or card.layout() is None:
            return
        room_px = card.contentsRect().height() - EDGES_PX - self._heading.height() - self._partial.fontMetrics().height()
        words = self._words.text().split(" ")
        while len(words) > 1 and self._words.heightForWidth(self._words.width()) > room_px:
            words = words[1:]
            self._words.setText("… " + " ".join(words))
