"""Why a cue was what it was: the family's own clips that spoke for it, to look at again, and the same in words."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QHideEvent, QImage, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.item_models.timeline_model import clock_text
from app.player import LOOKING, Player
from app.services import Services
from app.widgets.picture_view import PictureView
from app.widgets.text import Button, label
from emoasst_core.datatypes import Frame
from emoasst_core.review.explanation import HeardClip, PartExplanation
from emoasst_core.session.picture_process import pictures_at

THUMBNAIL = QSize(96, 72)
PICTURE_PX = 220
TITLE = "Why this cue?"


class ExplanationDialog(QDialog):
    """Names the clips; each can be played where something of it was kept.

    Args:
        services: reads thumbnails in the background, and knows the words of the cues.
        explanation: what is said.
    """

    def __init__(self, services: Services, explanation: PartExplanation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self.explanation = services, explanation
        row = explanation.row
        where = f"From {clock_text(row.start_s)} to {clock_text(row.end_s)}."
        self.sentences = (where, *explanation.sentences(services.catalogue.word))
        self._is_over = False
        self.player = Player(self)
        self.picture = PictureView()
        self.picture.setFixedHeight(PICTURE_PX)
        self.picture.say("Choose a clip to see it.")
        self.picture.setVisible(any(clip.media is not None for clip in explanation.clips))
        self.clip_buttons = tuple(self._clip_button(clip) for clip in explanation.clips)
        self.thumbnails: list[QLabel] = []
        self.text = QPlainTextEdit(self._plain_text())
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("The reasons as text")
        self.text.setMinimumHeight(PICTURE_PX)
        self.text.hide()
        self.text_button = Button("Show as text")
        self.close_button = Button("Close", "main")
        self._shown = QWidget()
        self._lay_out()
        self.text_button.clicked.connect(self.toggle_text)
        self.close_button.clicked.connect(self.reject)
        self.player.frame_shown.connect(self.picture.show_frame)
        self.player.failed.connect(lambda error: self.picture.say(f"{error.message} {error.next_step}"))
        self.player.nothing_kept.connect(self.picture.say)
        self.player.looking.connect(lambda: self.picture.say(LOOKING))
        for clip, thumbnail in zip(explanation.clips, self.thumbnails, strict=True):
            self._fetch_thumbnail(clip, thumbnail)
        (self.clip_buttons[0] if self.clip_buttons else self.close_button).setFocus()

    def toggle_text(self) -> None:
        """Show everything as text to read or copy, or the clips again."""
        shows_text = self.text.isHidden()
        self.text.setVisible(shows_text)
        self._shown.setVisible(not shows_text)
        self.text_button.setText("Show the clips" if shows_text else "Show as text")
        (self.text if shows_text else self.text_button).setFocus()

    def play(self, clip: HeardClip) -> None:
        """Play a clip from its start."""
        if clip.media is None:
            return
        self.player.open(clip.media, clip.duration_s)
        self.player.play_between(clip.start_s, clip.end_s)

    def hideEvent(self, event: QHideEvent) -> None:
        """End the player's thread with the window."""
        if not event.spontaneous():
            self._is_over = True
            self.player.close()
        super().hideEvent(event)

    def _plain_text(self) -> str:
        lines = [*self.sentences, *(f"{place}. {self._named(clip)}" for place, clip in enumerate(self.explanation.clips, 1))]
        return "\n".join(lines)

    def _named(self, clip: HeardClip) -> str:
        """Who, what the family said, and when: all of a clip in one line."""
        when = f"{clip.began_at.astimezone():%d %b %Y}, at {clock_text(clip.start_s)}" if clip.began_at else "its session is gone"
        said = self._services.catalogue.word(clip.emotion).lower()
        words = f", “{clip.text}”" if clip.text else ""
        kept = "" if clip.media is not None else ". No picture of it is kept"
        return f"{clip.name or 'Somebody'}, {when}{words}: you said {said}{kept}."

    def _clip_button(self, clip: HeardClip) -> Button:
        button = Button("Play", "quiet", "play")
        can_play = clip.media is not None
        button.setAccessibleName(f"{'Play' if can_play else 'Cannot play'}: {self._named(clip)}")
        button.setEnabled(can_play)
        button.clicked.connect(partial(self.play, clip))
        return button

    def _clip_row(self, clip: HeardClip, button: Button) -> QHBoxLayout:
        """Thumbnail, words, and the button that plays it."""
        thumbnail = QLabel()
        thumbnail.setFixedSize(THUMBNAIL)
        thumbnail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        thumbnail.setVisible(clip.media is not None)
        self.thumbnails.append(thumbnail)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(thumbnail)
        row.addWidget(label(self._named(clip)), 1)
        row.addWidget(button)
        return row

    def _fetch_thumbnail(self, clip: HeardClip, thumbnail: QLabel) -> None:
        media = clip.media
        if media is None:
            return
        middle_s = (clip.start_s + clip.end_s) / 2
        self._services.background.run(
            lambda: pictures_at(media, [middle_s])[0], partial(self._show_thumbnail, thumbnail), lambda _error: None
        )

    def _show_thumbnail(self, thumbnail: QLabel, frame: Frame | None) -> None:
        if frame is None or self._is_over:
            return
        height, width = frame.image.shape[:2]
        image = QImage(frame.image.data, width, height, frame.image.strides[0], QImage.Format.Format_RGB888)
        thumbnail.setPixmap(
            QPixmap.fromImage(image).scaled(
                THUMBNAIL, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        )

    def _lay_out(self) -> None:
        column = QVBoxLayout(self._shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for sentence in self.sentences:
            column.addWidget(label(sentence))
        column.addWidget(self.picture)
        for clip, button in zip(self.explanation.clips, self.clip_buttons, strict=True):
            column.addLayout(self._clip_row(clip, button))
        content = QVBoxLayout()
        content.setSpacing(12)
        content.addWidget(self._shown)
        content.addWidget(self.text)
        content.addStretch(1)
        lay_out_dialog(self, TITLE, content, (self.close_button, self.text_button))
        fit_dialog(self, content)
