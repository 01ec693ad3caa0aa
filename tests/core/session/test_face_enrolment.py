"""A picture of somebody that was made to harm reaches nothing: no memory without end, no file, no network, no code."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.errors import MediaError
from emoasst_core.session import face_enrolment
from emoasst_core.session.face_enrolment import EnrolledFace, enrol_face

PICTURE = np.full((64, 64, 3), 90, np.uint8)
is_linux = sys.platform.startswith("linux")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit on Windows")
def test_its_process_can_write_no_file(home: Path) -> None:
    home.mkdir(exist_ok=True)
    with pytest.raises(MediaError, match="File too large"):
        enrol_face(PICTURE, "hostile_readers:write_a_file")
    assert not (home / "escaped").exists() or not (home / "escaped").read_bytes()


@pytest.mark.skipif(not is_linux or platform.machine() not in ("x86_64", "aarch64"), reason="no such wall on this system")
def test_its_process_reaches_no_network(home: Path) -> None:
    with pytest.raises(MediaError, match="refused"):
        enrol_face(PICTURE, "hostile_readers:connect_out")


def test_it_may_take_no_memory_without_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MediaError, match="far more memory"):
        enrol_face(PICTURE, "hostile_readers:take_memory")


@pytest.mark.parametrize("says", ["send_code", "send_nonsense"])
def test_what_it_says_is_data_and_nothing_else(home: Path, says: str) -> None:
    home.mkdir(exist_ok=True)
    with pytest.raises(MediaError, match="nonsense"):
        enrol_face(PICTURE, f"hostile_readers:{says}")
    assert not (home / "code-was-run").exists()


def test_an_answer_comes_back_as_it_was() -> None:
    face = EnrolledFace(np.array([0.25, -1.5], np.float32), "hash", face_enrolment.thumbnail(PICTURE))
    back = face_enrolment._unpacked(face_enrolment._packed(face))
    np.testing.assert_array_equal(back.embedding, face.embedding)
    assert (back.encoder_hash, back.thumbnail) == (face.encoder_hash, face.thumbnail)
