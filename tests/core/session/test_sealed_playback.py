"""Encrypted recordings are played by processes that have neither their keys nor their place, and decode nothing here."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import bombs
import numpy as np
import pytest

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import DamagedError, EmoAsstError, MediaError
from emoasst_core.session import picture_process, sound_process
from emoasst_core.session.decoder_messages import packed, unpacked
from emoasst_core.session.picture_process import PictureProcess, pictures_at
from emoasst_core.session.picture_seeker import StretchSeeker
from emoasst_core.session.playback import Playback
from emoasst_core.session.playback_source import Stretch
from emoasst_core.session.served_files import FileServer, PieceWanted
from emoasst_core.session.sound_process import SoundProcess
from emoasst_core.session.sound_reader import SourceSound
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sealed_file import SealedReader, SealedWriter
from tests import media

KEY = bytes(range(32))
WAIT_S = 60.0


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Stretch, ...]:
    """A film of two encrypted files, with a gap between them."""
    plain = media.talking_ramp(tmp_path / "plain.mkv", 3.0)
    path = tmp_path / "one.emav"
    writer = SealedWriter(path, KEY)
    writer.write(plain.read_bytes())
    writer.finish()
    plain.unlink()
    return tuple(Stretch(start_s, lambda: SealedReader(path, KEY), start_s + 3.0) for start_s in (0.0, 5.0))  # type: ignore[arg-type, return-value]


def test_pictures_and_sound_of_an_encrypted_recording_are_the_same_as_decoded_here(sealed: tuple[Stretch, ...]) -> None:
    here, there = StretchSeeker(sealed), PictureProcess(sealed)
    for moment in ((0.0, 0), (1.2, 2), (6.1, 0), (5.0, -1), (0.4, -1)):
        ours, theirs = here.step(*moment), there.step(*moment)
        assert ours is not None and theirs is not None and theirs.time_s == ours.time_s
        np.testing.assert_array_equal(theirs.image, ours.image)
    there.close()
    here.close()
    sound, far = SourceSound(sealed), SoundProcess(sealed)
    for from_s, speed in ((0.0, 1.0), (2.5, 1.0), (5.5, 0.5)):
        ours_heard = np.concatenate(list(sound.samples(from_s, speed)))
        np.testing.assert_array_equal(np.concatenate(list(far.samples(from_s, speed))), ours_heard)
    next(far.samples(0.0))  # left in the middle
    assert len(next(far.samples(1.0)))
    far.close()
    sound.close()


def test_the_first_picture_stands_for_what_was_only_heard_before_the_camera_was_ready(tmp_path: Path) -> None:
    with Database(tmp_path / "emoasst.sqlite") as database:
        writer = MediaVault(database).record("kept")
        for tenth in range(60):
            writer.sound(AudioBlock(tenth / 10, np.zeros(SAMPLE_RATE_HZ // 10, np.float32)))
            if tenth >= 35:
                writer.frame(Frame(tenth / 10, np.full((48, 64, 3), 4 * tenth, np.uint8)))
        writer.close()
        vault = MediaVault(database)
        kept = tuple(
            Stretch(part.start_s, partial(vault.open, "kept", part.number), part.end_s or 0.0) for part in vault.segments("kept")
        )
        assert len(kept) > 1 and kept[0].start_s == 0.0 and kept[1].start_s > 1.0
        seeker = StretchSeeker(kept)
        early, later = seeker.step(0.0, 0), seeker.step(4.5, 0)
        assert early is not None and early.time_s == pytest.approx(3.5, abs=0.05)
        assert later is not None and later.time_s == pytest.approx(4.5, abs=0.05)
        stays = seeker.step(early.time_s, -1)
        assert stays is not None and stays.time_s == early.time_s
        seeker.close()
        only_heard = StretchSeeker(kept[:1])
        with pytest.raises(MediaError, match="has no picture"):
            only_heard.step(0.0, 0)
        heard_later = StretchSeeker((kept[1], replace(kept[0], start_s=20.0, end_s=23.0)))
        with pytest.raises(MediaError, match="No picture was kept of this moment"):
            heard_later.step(21.0, 0)
        assert heard_later.step(5.0, 0) is not None
        for opened in (only_heard, heard_later):
            opened.close()


def test_a_damaged_file_is_told_and_the_others_still_play(sealed: tuple[Stretch, ...]) -> None:
    def broken() -> io.BytesIO:
        raise DamagedError("This file was changed.", "Put a backup in its place.")

    process = PictureProcess((sealed[0], Stretch(5.0, broken, 8.0)))
    assert process.step(1.0, 0) is not None
    with pytest.raises(MediaError, match="was changed"):
        process.step(6.0, 0)
    assert process.step(2.0, 0) is not None
    process.close()


def test_a_decoder_cannot_ask_for_what_it_was_not_given(tmp_path: Path) -> None:
    server = FileServer([lambda: io.BytesIO(b"0123456789")])
    assert server.piece(PieceWanted(0, 0, 0)) == 10
    assert server.piece(PieceWanted(0, 7, 100)) == b"789"
    assert isinstance(server.piece(PieceWanted(1, 0, 4)), tuple)
    for wish in ((-1, 0, 4), (0, -1, 4), (0, 0, 1 << 40)):
        with pytest.raises(ValueError, match="no piece"):
            PieceWanted(*wish)
    taken_over = packed(PieceWanted(0, 5, 4)).replace(b'"offset": 5', b'"offset": -5')
    with pytest.raises(MediaError, match="nonsense"):
        unpacked(taken_over)


@pytest.mark.parametrize("does", [bombs.die, bombs.take_memory])
def test_a_film_that_breaks_its_decoder_is_a_message_in_pictures_and_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: object
) -> None:
    path = media.talking_ramp(tmp_path / "a.mkv", 1.0)
    monkeypatch.setattr(picture_process, "_seek", does)
    monkeypatch.setattr(sound_process, "_read", does)
    with pytest.raises(MediaError, match=r"nothing else was harmed|far more memory"):
        pictures_at(path, [0.0])
    sound = SoundProcess(path)
    with pytest.raises(MediaError, match=r"nothing else was harmed|far more memory"):
        next(sound.samples(0.0))
    sound.close()


def test_another_film_and_closing_do_not_wait_for_a_decoder_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, shown, failures = media.talking_ramp(tmp_path / "a.mkv", 1.0), threading.Event(), list[EmoAsstError]()
    playback = Playback(lambda _frame: shown.set(), failures.append)
    with monkeypatch.context() as patch:
        patch.setattr(picture_process, "_seek", bombs.hang)
        playback.open(path)
        time.sleep(1.0)
    playback.open(path)
    assert shown.wait(WAIT_S) and not failures
    with monkeypatch.context() as patch:
        patch.setattr(picture_process, "_seek", bombs.hang)
        playback.open(path)
        time.sleep(1.0)
    began = time.monotonic()
    playback.close()
    assert time.monotonic() - began < 20  # far from the half minute that a decoder is given
    assert not failures


def test_what_the_window_needs_to_play_brings_no_decoder_in() -> None:
    code = (
        "import sys, emoasst_core.session.playback, emoasst_core.session.sound_playback, app.player, app.sound_track; "
        "print(sorted({'av', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
