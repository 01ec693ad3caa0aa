from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import Frame, Timeline
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.picture_seeker import StretchSeeker
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import SessionRecord


@pytest.fixture
def record() -> SessionRecord:
    return SessionRecord("evening", "", datetime.now(UTC), 8.0, "starter", "hash", Timeline("", 8.0, ()))


def test_the_encrypted_recording_of_a_live_session_is_played_by_the_moment(tmp_path: Path, record: SessionRecord) -> None:
    with Database(tmp_path / "family.sqlite") as database:
        assert media_of(database, record) is None
        writer = MediaVault(database).record("evening")
        for number in range(8 * 15):
            writer.frame(Frame(number / 15, np.full((120, 160, 3), 20 + 25 * (number // 15), np.uint8)))
        writer.close()
        media = media_of(database, record)
    assert media is not None and not isinstance(media, Path)
    seeker = StretchSeeker(media)
    try:
        for second in (6, 0, 3, 7, 1):
            frame = seeker.step(second + 0.5, 0)
            assert frame is not None
            assert frame.time_s == pytest.approx(second + 0.5, abs=0.08)
            assert frame.image.mean() == pytest.approx(20 + 25 * second, abs=6)
    finally:
        seeker.close()


def test_a_recording_that_was_opened_is_its_own_file_while_it_is_there(tmp_path: Path, record: SessionRecord) -> None:
    film = tmp_path / "film.mp4"
    opened = dataclasses.replace(record, recording=str(film))
    with Database(tmp_path / "family.sqlite") as database:
        assert media_of(database, opened) is None
        film.write_bytes(b"film")
        assert media_of(database, opened) == film
