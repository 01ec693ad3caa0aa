"""People through the real `main()`: entered, agreeing, pictured in a process of its own, taken back, forgotten."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QPixmap

from emoasst_core import paths
from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.session.face_enrolment import enrol_face
from emoasst_core.store.database import Database
from emoasst_core.store.people import People

HERE = str(Path(__file__).parent)
READER = "picture_reader:read"


@pytest.fixture(autouse=True)
def reader_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(HERE)


def picture(path, value=200):
    image = np.full((300, 240, 3), value, np.uint8)
    cv2.imwrite(str(path), image)
    return path


def people():
    if not paths.database_path().exists():
        return {}
    with Database(paths.database_path()) as database:
        known = People(database)
        return {
            one.name: (one.person_id, one.role, known.consents(one.person_id), len(known.thumbnails(one.person_id)))
            for one in known.all()
        }


def test_a_picture_that_claims_a_billion_pixels_is_refused(tmp_path):
    head = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(10_000))
    chunks = b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (head, pixels, b"IEND")
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    with pytest.raises(MediaError, match="cannot be read"):
        enrol_face(tmp_path / "bomb.png", READER)


def test_somebody_is_entered_agrees_gets_a_picture_takes_it_back_and_is_forgotten(drive, tmp_path):
    good, dark = picture(tmp_path / "mum.png"), picture(tmp_path / "dark.png", 3)

    def script(window):
        page = window.people_page
        page.taker.reader = READER
        window.open_people()
        page.name.setText("Mum")
        page.add_button.click()
        yield lambda: len(page.cards) == 1
        ((person_id, card),) = page.cards.items()
        card.ticks["live"].setChecked(True)
        card.ticks["clips"].setChecked(True)
        yield lambda: people()["Mum"][2] == {"live", "clips"}
        page.taker.add(card.person, dark)
        assert not card.file_button.isEnabled()
        yield lambda: "no face" in page.notice.text
        assert card.file_button.isEnabled()
        page.taker.add(card.person, good)
        yield lambda: people()["Mum"][3] == 1 and page.cards[person_id] is not card
        card = page.cards[person_id]
        card.ticks["clips"].setChecked(False)
        yield lambda: people()["Mum"][2] == {"live"}
        card.name.setText("Mama")
        card.rename_button.click()
        yield lambda: "Mama" in people() and page.cards[person_id].person.name == "Mama"
        card = page.cards[person_id]
        yield lambda: card.isVisible()  # a card just made is laid out a moment later
        card.forget_button.click()
        assert card.sure_button.isVisible() and "Backups" in card.findChildren(type(page._nobody))[-1].text()
        (paths.home() / "backups").mkdir()
        (paths.home() / "backups" / "older.sqlite").write_bytes(b"")
        card.sure_button.click()
        yield lambda: not page.cards and people() == {}
        yield lambda: "older.sqlite" in page.notice.text

    drive(script)
    assert b"Mama" not in paths.database_path().read_bytes()


def test_the_child_has_no_tick_for_being_read_and_no_pictures(drive):
    def script(window):
        page = window.people_page
        window.open_people()
        page.name.setText("Leo")
        page.role.setCurrentIndex(page.role.findData("child"))
        page.add_button.click()
        yield lambda: page.cards
        (card,) = page.cards.values()
        assert set(card.ticks) == {"record", "clips"}
        assert not card.camera_button.isVisible()

    drive(script)


def test_a_picture_is_read_in_a_process_of_its_own_and_kept_small(tmp_path, qapp):
    big = np.full((2400, 1800, 3), 180, np.uint8)
    cv2.imwrite(str(tmp_path / "big.jpg"), big)
    face = enrol_face(tmp_path / "big.jpg", READER)
    assert face.encoder_hash == "squares" and face.embedding.dtype == np.float32
    shown = QPixmap()
    assert shown.loadFromData(face.thumbnail) and max(shown.width(), shown.height()) <= 160


@pytest.mark.parametrize("content", [b"", b"this is no picture", b"\xff\xd8\xff\xe0" + bytes(200)])
def test_what_is_no_picture_is_refused_in_words(tmp_path, content):
    path = tmp_path / "odd.jpg"
    path.write_bytes(content)
    with pytest.raises(MediaError) as refused:
        enrol_face(path, READER)
    assert "odd.jpg" in refused.value.message and refused.value.next_step


def test_a_decoder_that_crashes_takes_nothing_with_it(tmp_path):
    with pytest.raises(EmoAsstError) as refused:
        enrol_face(picture(tmp_path / "a.png"), "picture_reader:crash")
    assert "cannot be read" in refused.value.message


def test_the_set_up_says_that_a_picture_is_being_looked_at(drive, tmp_path):
    def script(window):
        page = window.set_up_page
        page.taker.reader = READER
        yield lambda: window.start_page.sessions._empty.text()
        with Database(paths.database_path()) as database:
            mum = People(database).add("Mum", "adult")
        window.set_up_camera()
        yield lambda: page.persons and page.persons[0].person == mum
        row = page.persons[0]
        row.here.setChecked(True)
        row.ticks["live"].setChecked(True)
        page.taker.add(mum, picture(tmp_path / "dark.png", 3))
        assert "looked at" in row.note.text() and not row.picture_button.isEnabled()
        yield lambda: "no face" in page.notice.text
        assert "Not known by picture" in row.note.text() and row.picture_button.isEnabled()
        page.taker.add(mum, picture(tmp_path / "mum.png"))
        yield lambda: not row.picture_button.isVisible() and row.note.text() == ""

    drive(script)
