"""Where to look: a chapter, the next moment of an emotion, or a word that was said."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.item_models.timeline_model import clock_text
from app.widgets.flow import FlowLayout
from app.widgets.form import Choice
from app.widgets.text import Button, label
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.chapters import Chapter

WHOLE = -1


class FindBar(QWidget):
    """Chapters, emotions, what was unsure, and words; each has a key as well."""

    chapter_wanted = Signal(int)
    emotion_wanted = Signal()
    unsure_wanted = Signal()
    words_wanted = Signal()

    def __init__(self, catalogue: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._catalogue = catalogue
        self.chapter_box = Choice()
        self.chapter_box.setAccessibleName("Show a chapter")
        self.chapter_box.setToolTip("Show one chapter; [ and ] go to the one before and the next")
        self.emotion_box = Choice()
        self.emotion_box.setAccessibleName("Emotion to jump to")
        for emotion in EMOTIONS:
            self.emotion_box.addItem(catalogue.word(emotion).capitalize(), emotion)
        self.jump_button = Button("Jump to next", "quiet", "forward")
        self.jump_button.setToolTip("Go to the next moment with this feeling (J)")
        self.unsure_button = Button("Next unsure", "quiet", "question")
        self.unsure_button.setToolTip("Go to the next part the program was not sure about (N)")
        self.words_edit = QLineEdit()
        self.words_edit.setPlaceholderText("Search in the words")
        self.words_edit.setAccessibleName("Search in the words")
        self.words_edit.setToolTip("Search in the words (Ctrl+F); Enter goes to the next place")
        self.words_edit.setMinimumWidth(190)
        self.found = label("", "soft", wraps=False)
        layout = FlowLayout(self, gap_px=10)
        parts = (self.chapter_box, self.emotion_box, self.jump_button, self.unsure_button, self.words_edit, self.found)
        for part in parts:
            layout.addWidget(part)
        self.chapter_box.activated.connect(lambda index: self.chapter_wanted.emit(self.chapter_box.itemData(index)))
        self.jump_button.clicked.connect(self.emotion_wanted)
        self.unsure_button.clicked.connect(self.unsure_wanted)
        self.words_edit.returnPressed.connect(self.words_wanted)

    @property
    def emotion(self) -> str:
        """The emotion to jump to."""
        return str(self.emotion_box.currentData())

    def show_chapters(self, chapters: Sequence[Chapter]) -> None:
        """Offer these chapters; a session of one chapter has nothing to choose."""
        self.chapter_box.clear()
        self.chapter_box.addItem("Whole session", WHOLE)
        for place, chapter in enumerate(chapters):
            mood = f", mostly {self._catalogue.word(chapter.emotion)}" if chapter.emotion else ""
            times = f"{clock_text(chapter.start_s)[:-2]} to {clock_text(chapter.end_s)[:-2]}"
            self.chapter_box.addItem(f"Chapter {chapter.number}: {times}{mood}", place)
        self.chapter_box.setVisible(len(chapters) > 1)

    def choose_chapter(self, place: int) -> None:
        """Show which chapter is looked at."""
        self.chapter_box.setCurrentIndex(max(0, self.chapter_box.findData(place)))
