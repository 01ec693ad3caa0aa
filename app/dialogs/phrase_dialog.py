"""The recovery phrase: shown once, printed if wanted, typed back, and only then in force."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from app.background import Background
from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.widgets.text import Button, card, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.store.keys import Keys, new_phrase

WHY = (
    "Everything is stored encrypted. If this computer breaks or its keychain is lost, only these words open your data again. "
    "Write them down or print them, and keep the paper where a child will not find it. They are shown only in this window."
)
WRITTEN = "I have written them down"
WORDS_PER_LINE = 4


class PhraseDialog(QDialog):
    """Makes a new phrase; an earlier one no longer opens anything once this one is typed back."""

    kept = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None, words: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self.words = tuple(words or new_phrase())
        self.shown = label(phrase_text(self.words), "lead")
        self.shown.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.typed = QPlainTextEdit()
        self.typed.setAccessibleName("Type the words back")
        self.typed.setTabChangesFocus(True)
        self.typed.setFixedHeight(120)
        self.typed.hide()
        self.message = label("")
        self.main_button = Button(WRITTEN, "main")
        self.print_button = Button("Print them")
        self.again_button = Button("Show them again")
        self.again_button.hide()
        self.close_button = Button("Close")
        self.content = QVBoxLayout()
        self.content.setSpacing(10)
        self._frame = card()
        inside = QVBoxLayout(self._frame)
        inside.addWidget(self.shown)
        for part in (label(WHY, "soft"), self._frame, self.typed, self.message):
            self.content.addWidget(part)
        lay_out_dialog(
            self, "Recovery phrase", self.content, (self.main_button, self.print_button, self.again_button, self.close_button)
        )
        fit_dialog(self, self.content)
        self.main_button.clicked.connect(self._go_on)
        self.print_button.clicked.connect(self._print)
        self.again_button.clicked.connect(self._show_again)
        self.close_button.clicked.connect(self.reject)

    def _go_on(self) -> None:
        if self.typed.isHidden():
            self._turn(shows=False)
            self.typed.setFocus()
            self._tell("Now type the words back, in their order.")
            self.main_button.setText("Keep this phrase")
        elif self.typed.toPlainText().lower().split() != [word.lower() for word in self.words]:
            self._tell("These are not the words that were shown. Check each word and their order.")
        else:
            self.main_button.setEnabled(False)
            self._background.run(lambda: Keys().set_phrase(self.words), lambda _none: self._done(), self._say)

    def _show_again(self) -> None:
        """Whoever has not written all of them down looks once more, and types them back after that."""
        self._turn(shows=True)
        self.typed.clear()
        self.main_button.setText(WRITTEN)
        self._tell("")

    def _turn(self, shows: bool) -> None:
        self._frame.setVisible(shows)
        self.print_button.setVisible(shows)
        self.typed.setVisible(not shows)
        self.again_button.setVisible(not shows)

    def _done(self) -> None:
        self.accept()
        self.kept.emit()

    def _say(self, error: EmoAsstError) -> None:
        self.main_button.setEnabled(True)
        self._tell(str(error))

    def _tell(self, text: str) -> None:
        """Say something below the words, and make room for it."""
        self.message.setText(text)
        fit_dialog(self, self.content)

    def _print(self) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter()
        dialog = QPrintDialog(printer, self)
        dialog.accepted.connect(lambda: phrase_document(self.words).print_(printer))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        QDialog.open(dialog)


def phrase_text(words: Sequence[str]) -> str:
    """Numbered words, four in a line.

    >>> phrase_text(["one", "two", "three", "four", "five"])
    '1 one   2 two   3 three   4 four\\n5 five'
    """
    numbered = [f"{number} {word}" for number, word in enumerate(words, 1)]
    lines = [numbered[start : start + WORDS_PER_LINE] for start in range(0, len(numbered), WORDS_PER_LINE)]
    return "\n".join("   ".join(line) for line in lines)


def phrase_document(words: Sequence[str]) -> QTextDocument:
    """The sheet to print: it says what the words are for, but not whose they are."""
    document = QTextDocument()
    document.setPlainText(f"EmoAsst: recovery phrase\n\n{phrase_text(words)}\n\nKeep this sheet where a child will not find it.")
    return document
