"""The reasons of a cue in the real window: asked for by key, played, read as text, and said where there are none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from clip_session import save_unclear_session
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from test_pages_look import Album

from app.dialogs.explanation_dialog import ExplanationDialog
from emoasst_core import paths
from emoasst_core.datatypes import Modality
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.review.relabel import relabel
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, save_session
from emoasst_core.systems.opening import hash_of_profile


@pytest.fixture(scope="module")
def hash_of_starter():
    return hash_of_profile(paths.assets_folder() / "models" / "starter")


def save_two_evenings(folder, encoder_hash):
    """An answered evening with a recording, and the next one, both of the starter's own hash."""
    size = EmbeddingClassifier.open("starter").heads[Modality.FACE].text_weights.shape[1]
    save_unclear_session(folder, "first", num_utterances=4)
    with Database(paths.database_path()) as database:
        record = get_session(database, "first")
        rows = [replace(row, embeddings={Modality.FACE: np.eye(size, dtype=np.float32)[row.number]}) for row in record.utterances]
        for name, days in (("answered", -1), ("asked", 1)):
            moment = datetime.now(UTC) + timedelta(days=days)
            save_session(
                database,
                replace(record, session_id=name, encoder_hash=encoder_hash, started_at=moment, utterances=tuple(rows)),
            )
        relabel(database, "answered", 1, rows[0].emotion)


def dialog_of(window):
    found = [part for part in window.review_page.findChildren(ExplanationDialog) if part.isVisible()]
    return found[0] if found else None


@pytest.fixture
def album(output_folder):
    return Album(output_folder / "pages")


def test_the_clip_that_spoke_is_named_shown_and_played_and_the_same_stands_as_text(drive, tmp_path, hash_of_starter, album):
    save_two_evenings(tmp_path, hash_of_starter)

    def script(window):
        page = window.review_page
        window.open_session("asked")
        yield lambda: page.model.rowCount() > 0 and page._part is not None
        QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Y)
        yield lambda: dialog_of(window) is not None
        dialog = dialog_of(window)
        (button,) = dialog.clip_buttons
        yield button.hasFocus
        assert "you said happy" in button.accessibleName() and button.accessibleName().startswith("Play")
        yield lambda: not dialog.thumbnails[0].pixmap().isNull()
        for _ in album.looks(window):
            album.check(dialog, "why")
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Space)
        yield lambda: dialog.player.is_playing and dialog.picture.frame is not None
        dialog.text_button.click()
        assert dialog.text.isVisible() and not button.isVisible()
        for words in (*dialog.sentences, "you said happy"):
            assert words in dialog.text.toPlainText()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        yield lambda: dialog_of(window) is None

    drive(script)


def test_where_nothing_spoke_for_a_cue_it_says_so(drive, tmp_path):
    session_id = save_unclear_session(tmp_path, num_utterances=4)

    def script(window):
        page = window.review_page
        window.open_session(session_id)
        yield lambda: page.model.rowCount() > 0 and page._part is not None
        page.view.why_button.click()
        yield lambda: dialog_of(window) is not None
        dialog = dialog_of(window)
        assert dialog.sentences[1:] == ("This session was read by another model, so the reasons cannot be found any more.",)
        assert dialog.clip_buttons == () and not dialog.picture.isVisible()
        yield dialog.close_button.hasFocus
        dialog.close_button.click()

    drive(script)
