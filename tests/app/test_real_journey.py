"""The whole way with nothing replaced: the bundled conversation, the bundled models, the real window.

Leaves one picture of each page, light and dark, in test-output/screens.
"""

from pathlib import Path

import av
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.theme import THEMES, apply_theme
from emoasst_core import paths
from emoasst_core.paths import demo_recording
from emoasst_core.session.message import DEFAULT_FACTORY
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions
from emoasst_core.store.shots import list_shots

EXCERPT_S = 13.0  # calm, then the smile, then calm again


def first_seconds(source: Path, target: Path, length_s: float) -> Path:
    with open(source, "rb") as handle, av.open(handle) as whole, av.open(str(target), "w") as part:
        streams = {stream.index: part.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.dts is None or float(packet.pts * packet.time_base) > length_s:
                continue
            packet.stream = streams[packet.stream.index]
            part.mux(packet)
    return target


def test_the_demo_is_watched_reviewed_and_corrected_by_one_key(drive, tmp_path, output_folder):
    clip = first_seconds(demo_recording(), tmp_path / "conversation.webm", EXCERPT_S)
    screens = output_folder / "screens"
    screens.mkdir(exist_ok=True)

    def keep(window, name):
        for theme in THEMES.values():
            apply_theme(QApplication.instance(), window, theme, 1.0)
            QApplication.processEvents()
            assert window.grab().save(str(screens / f"{name}-{theme.name}.png"))

    def script(window):
        window.resize(1224, 780)
        live, review = window.live_page, window.review_page
        yield lambda: live.picture.frame is not None and live.picture.faces
        assert live.picture.faces[0].person == "person 1"
        yield lambda: live.cue.words == "Looks calm"
        yield lambda: live.cue.words == "Looks happy"
        keep(window, "real-live")
        yield lambda: window.pages.currentWidget() is review
        yield lambda: review.view.picture.frame is not None
        for _ in range(3):
            QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Down)
        QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_6)
        yield lambda: paths.database_path().exists() and num_shots() == 1
        yield lambda: abs(review.view.picture.frame.time_s - review.player.position_s) < 0.2
        keep(window, "real-review")
        window.go_home()
        yield lambda: window.start_page.sessions.rows
        keep(window, "real-start")

    drive(script, "--recording", str(clip), factory=DEFAULT_FACTORY)
    assert drive.exit_code == 0
    with Database(paths.database_path()) as database:
        (session,) = list_sessions(database)
        (shot,) = list_shots(database)
        record = get_session(database, session.session_id)
    assert int(shot.shot.label.argmax()) == 5
    answered = [row for row in record.utterances if row.label]
    assert [row.label for row in answered] == ["surprise"]
    assert {span.emotion for span in record.timeline.spans} >= {"neutral", "joy"}


def num_shots():
    with Database(paths.database_path()) as database:
        return len(list_shots(database))
