from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import DamagedError, StoreError
from emoasst_core.store import recording_writer
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sealed_file import CHUNK_BYTES, SealedReader, SealedWriter, finish_unfinished

KEY = bytes(range(32))


def sealed(path: Path, parts: list[bytes]) -> bytes:
    writer = SealedWriter(path, KEY)
    for part in parts:
        writer.write(part)
    writer.finish()
    return b"".join(parts)


@pytest.fixture
def parts() -> list[bytes]:
    rng = np.random.default_rng(0)
    return [rng.bytes(int(size)) for size in (1, 500, CHUNK_BYTES, CHUNK_BYTES + 7, 3 * CHUNK_BYTES, 20)]


@pytest.fixture
def vault(database: Database) -> MediaVault:
    return MediaVault(database)


def capture(writer: object, from_s: float, to_s: float, has_picture: bool = True) -> None:
    """Pictures at 30 Hz whose brightness tells the time, and a tone in blocks of 100 ms."""
    for number in range(round(from_s * 30), round(to_s * 30)):
        if has_picture:
            image = np.full((120, 160, 3), 20 + number % 200, np.uint8)
            writer.frame(Frame(number / 30, image))
        if number % 3 == 0:
            times = number / 30 + np.arange(SAMPLE_RATE_HZ // 10) / SAMPLE_RATE_HZ
            writer.sound(AudioBlock(number / 30, (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)))


def played(vault: MediaVault, session_id: str, segment: int) -> tuple[list[float], float]:
    """(times of the pictures, seconds of sound) of one file."""
    with vault.open(session_id, segment) as reader, av.open(reader) as film:
        times = [float(frame.time) for frame in film.decode(video=0)] if film.streams.video else []
    with vault.open(session_id, segment) as reader, av.open(reader) as film:
        return times, sum(frame.samples / frame.sample_rate for frame in film.decode(audio=0))


def test_what_is_sealed_comes_back_at_any_place(tmp_path: Path, parts: list[bytes]) -> None:
    whole = sealed(tmp_path / "a", parts)
    plain = io.BytesIO(whole)
    rng = np.random.default_rng(1)
    with SealedReader(tmp_path / "a", KEY) as reader:
        assert reader.read() == whole
        for _ in range(50):
            place, length = int(rng.integers(0, len(whole))), int(rng.integers(0, 200_000))
            reader.seek(place)
            plain.seek(place)
            assert reader.read(length) == plain.read(length)
        assert reader.seek(-20, io.SEEK_END) == len(whole) - 20


def test_every_change_cut_and_swap_is_noticed(tmp_path: Path, parts: list[bytes]) -> None:
    sealed(tmp_path / "a", parts)
    data = (tmp_path / "a").read_bytes()
    rng = np.random.default_rng(2)
    changed = []
    for place in rng.integers(0, len(data), 150):
        flipped = bytearray(data)
        flipped[place] ^= 1 << int(rng.integers(8))
        changed.append(bytes(flipped))
    changed += [data[:cut] for cut in rng.integers(0, len(data), 150)]
    changed += [data + b"\0", data[:13] + data[13 + 21 :]]
    for number, bad in enumerate(changed):
        (tmp_path / "b").write_bytes(bad)
        with pytest.raises(DamagedError), SealedReader(tmp_path / "b", KEY) as reader:
            reader.read()
            raise AssertionError(f"change {number} was not noticed")
    with pytest.raises(DamagedError):
        SealedReader(tmp_path / "a", bytes(32))


def test_an_unfinished_file_is_recovered_up_to_its_last_whole_chunk(tmp_path: Path, parts: list[bytes]) -> None:
    writer = SealedWriter(tmp_path / "a", KEY)
    for part in parts:
        writer.write(part)
    writer.abandon()
    torn = (tmp_path / "a").read_bytes()[:-5]
    (tmp_path / "a").write_bytes(torn)
    with pytest.raises(DamagedError):
        SealedReader(tmp_path / "a", KEY)
    assert finish_unfinished(tmp_path / "a", KEY) == sum(map(len, parts[:-1]))
    with SealedReader(tmp_path / "a", KEY) as reader:
        assert reader.read() == b"".join(parts[:-1])


def test_a_recording_plays_with_picture_and_sound_together_and_lies_encrypted(vault: MediaVault) -> None:
    writer = vault.record("first")
    capture(writer, 0.0, 4.0)
    writer.close()
    (segment,) = vault.segments("first")
    assert (segment.start_s, segment.end_s) == (0.0, pytest.approx(4.0, abs=0.1))
    times, sound_s = played(vault, "first", 1)
    assert len(times) == pytest.approx(60, abs=1)
    assert times == pytest.approx(np.arange(len(times)) / 15, abs=0.04)
    assert sound_s == pytest.approx(4.0, abs=0.06)
    (path,) = vault.session_folder("first").iterdir()
    assert path.name == "0001.emav"
    assert b"matroska" not in path.read_bytes()


def test_a_new_file_begins_after_five_minutes_after_sleep_and_with_a_camera_that_comes_late(
    vault: MediaVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = vault.record("long")
    writer._segment_s = 2.0
    capture(writer, 0.0, 1.5, has_picture=False)
    capture(writer, 1.5, 5.0)
    writer.gap(5.0, 5.0, "sleep")
    capture(writer, 5.0, 6.0)
    writer.close()
    segments = vault.segments("long")
    starts, ends = [part.start_s for part in segments], [part.end_s for part in segments]
    assert len(segments) == 4
    assert starts == pytest.approx([0.0, 1.5, 3.5, 5.0], abs=0.11)
    assert ends[:-1] == pytest.approx(starts[1:], abs=0.11)
    assert played(vault, "long", 1)[0] == []
    assert sum(played(vault, "long", part.number)[1] for part in segments) == pytest.approx(6.0, abs=0.15)


def test_a_recording_that_broke_off_is_offered_and_plays_after_recovery(vault: MediaVault) -> None:
    writer = vault.record("broken")
    capture(writer, 0.0, 3.0)  # and then nothing: as after a kill
    assert vault.unfinished() == ["broken"]
    (path,) = vault.session_folder("broken").iterdir()
    assert path.name == "0001.emav.writing"
    assert vault.recover("broken") > 2.0
    assert vault.unfinished() == []
    times, sound_s = played(vault, "broken", 1)
    assert times[-1] > 2.0
    assert sound_s > 2.0


@pytest.mark.parametrize("kept", [b"", b"EMAV1", bytes(13)], ids=["empty", "torn head", "zeros"])
def test_a_file_of_which_not_even_the_head_came_to_the_disk_ends_its_recovery_quietly(vault: MediaVault, kept: bytes) -> None:
    writer = vault.record("cut")
    capture(writer, 0.0, 1.5)
    (path,) = vault.session_folder("cut").iterdir()
    path.write_bytes(kept)
    assert vault.recover("cut") == 0.0
    assert vault.unfinished() == [] and list(vault.session_folder("cut").iterdir()) == []


def test_a_file_whose_head_was_changed_is_told_and_stays(vault: MediaVault) -> None:
    writer = vault.record("changed")
    capture(writer, 0.0, 1.5)
    (path,) = vault.session_folder("changed").iterdir()
    path.write_bytes(b"X" + path.read_bytes()[1:])
    with pytest.raises(DamagedError):
        vault.recover("changed")
    assert path.exists()


def test_a_nearly_full_disk_ends_the_recording_and_keeps_all_of_it(vault: MediaVault, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = vault.record("full")
    capture(writer, 0.0, 2.0)
    monkeypatch.setattr(recording_writer, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(recording_writer, "STOP_BYTES", 1 << 60)
    with pytest.raises(StoreError, match=r"recording has been ended. All of it until now is kept"):
        capture(writer, 2.0, 3.0)
    assert played(vault, "full", 1)[1] == pytest.approx(2.0, abs=0.1)
    with pytest.raises(StoreError, match="free"):
        vault.record("another")


def test_a_deleted_recording_leaves_no_key_and_no_file(database: Database, vault: MediaVault) -> None:
    writer = vault.record("gone")
    capture(writer, 0.0, 1.2)
    writer.close()
    kept = (vault.session_folder("gone") / "0001.emav").read_bytes()
    vault.delete("gone")
    assert not vault.session_folder("gone").exists()
    vault.session_folder("gone").mkdir()
    (vault.session_folder("gone") / "0001.emav").write_bytes(kept)  # from an older backup of the folder
    with pytest.raises(StoreError, match="Nothing was kept"):
        vault.open("gone", 1)


@pytest.mark.parametrize("name", ["", "..", "../outside", "/etc", "a/b", "a" + "b" * 80])
def test_a_name_that_leads_elsewhere_is_refused(vault: MediaVault, name: str) -> None:
    with pytest.raises(StoreError):
        vault.path(name, 1)


def test_files_of_one_recording_do_not_open_as_another(vault: MediaVault) -> None:
    for name in ("one", "two"):
        writer = vault.record(name)
        capture(writer, 0.0, 1.2)
        writer.close()
    vault.path("one", 1).replace(vault.path("two", 1))
    with pytest.raises(DamagedError):
        vault.open("two", 1)


def test_the_analysis_reads_an_encrypted_recording_like_any_other(vault: MediaVault) -> None:
    writer = vault.record("analysed")
    capture(writer, 0.0, 2.0)
    writer.close()
    with vault.open("analysed", 1) as reader:
        film = MediaFile(reader)
        items = list(film)
    assert film.warnings == []
    assert sum(isinstance(item, Frame) for item in items) == pytest.approx(30, abs=1)
    assert max(item.end_s for item in items if isinstance(item, AudioBlock)) == pytest.approx(2.0, abs=0.1)
