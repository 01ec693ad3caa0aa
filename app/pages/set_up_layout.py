"""How the set-up page is laid out: one column of cards, read from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QVBoxLayout, QWidget

from app.widgets.form import Choice, Tick
from app.widgets.scroll import fill_with_column
from app.widgets.text import Button, card, label

CONTENT_PX = 760
LIVE_ONLY = "Live only, if nothing else is ticked: no picture and no sound is kept. Readings, words and cues are kept for review."
AGREEING = (
    "Tick who is here. Each of them knows that camera and microphone will be on, and says yes to each line by itself. "
    "Anyone may take it back at any time."
)


def place_card(box: Choice, note: QLabel) -> QFrame:
    """Where this is: at school and at work in the EU live cues are off."""
    frame, layout = _card("Where are you?")
    box.setAccessibleName("Where are you?")
    layout.addWidget(box)
    layout.addWidget(note)
    return frame


def consent_card(rows: QLayout, add_button: Button) -> QFrame:
    """Who is here."""
    frame, layout = _card("Who is here?")
    layout.addWidget(label(AGREEING, "soft"))
    layout.addLayout(rows)
    layout.addWidget(add_button, 0, Qt.AlignmentFlag.AlignLeft)
    return frame


def keep_card(record_tick: Tick, clips_tick: Tick, note: QLabel) -> QFrame:
    """What is kept."""
    frame, layout = _card("What is kept?")
    layout.addWidget(label(LIVE_ONLY, "soft"))
    layout.addWidget(record_tick)
    layout.addWidget(clips_tick)
    layout.addWidget(note)
    return frame


def page_column(page: QWidget, back: Button, notice: QWidget, cards: Sequence[QWidget], bottom: QLayout) -> None:
    """Put the whole page together."""
    content = QVBoxLayout()
    content.setSpacing(14)
    content.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)
    content.addWidget(label("Use the camera", "title"))
    content.addWidget(notice)
    for one in cards:
        content.addWidget(one)
    content.addLayout(bottom)
    content.addStretch(1)
    fill_with_column(page, content, CONTENT_PX, top_px=24)


def _card(title: str) -> tuple[QFrame, QVBoxLayout]:
    frame = card()
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(24, 18, 24, 18)
    layout.setSpacing(10)
    layout.addWidget(label(title, "heading"))
    return frame, layout
