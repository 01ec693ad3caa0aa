from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import Frame, Modality, Shot
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import NotEmptyError, StoreError
from emoasst_core.review.archive import MANIFEST, read_archive, write_archive
from emoasst_core.review.clip_collection import collect_clips
from emoasst_core.review.relabel import relabel
from emoasst_core.store import schema
from emoasst_core.store.archive_rows import dump_table, is_empty, tables_of
from emoasst_core.store.database import Database
from emoasst_core.store.kept_shots import kept_marks
from emoasst_core.store.media import MediaVault
from emoasst_core.store.migrations.kept_shots import KEPT_SHOTS
from emoasst_core.store.people import People
from emoasst_core.store.sessions import save_session
from emoasst_core.store.shot_export import export_shots
from emoasst_core.store.shots import add_shot, current_version
from tests.core.store.session_records import random_session


@pytest.fixture
def family(database: Database, tmp_path: Path) -> Database:
    """Sessions, people with consents and faces, clips, answers and shots, and a file beside a session."""
    for seed in range(3):
        save_session(database, random_session(seed, f"day-{seed}"))
    mum = People(database).add("Anna", "adult")
    People(database).grant(mum.person_id, "clips")
    relabel(database, "day-1", 1, "fear", "Anna")
    relabel(database, "evening", 2, "joy")
    collect_clips(database, "day-2")
    folder = tmp_path / "sessions" / "day-1"
    folder.mkdir(parents=True)
    (folder / "notes.json").write_bytes(bytes(range(256)) * 40)
    return database


def rows_of(database: Database) -> dict[str, list[dict[str, object]]]:
    return {table: list(dump_table(database, table)) for table in tables_of(database)}


def test_everything_imports_again_to_equal_rows_shots_and_files(family: Database, tmp_path: Path) -> None:
    written = write_archive(family, tmp_path / "all.zip", tmp_path / "sessions", with_files=True)
    with Database(tmp_path / "new" / "emoasst.sqlite") as new:
        read = read_archive(tmp_path / "all.zip", new, tmp_path / "new sessions")
        assert read == written
        assert rows_of(new) == rows_of(family)
        assert export_shots(new) == export_shots(family)
        assert current_version(new) == current_version(family)
        assert new.faults() == []
    files = [
        (path.relative_to(tmp_path / root), path.read_bytes())
        for root in ("sessions",)
        for path in (tmp_path / root).rglob("*.json")
    ]
    assert [(path.name, content) for path, content in files] == [
        (path.name, path.read_bytes()) for path in (tmp_path / "new sessions").rglob("*.json")
    ]


def test_media_stay_here_unless_they_are_asked_for_and_the_pin_always(family: Database, tmp_path: Path) -> None:
    write_archive(family, tmp_path / "all.zip", tmp_path / "sessions")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = archive.namelist()
    assert not [name for name in names if name.startswith("files/")]
    assert "tables/gate.jsonl" not in names and "tables/sessions.jsonl" in names


def test_what_needs_the_keys_of_this_computer_stays_here_and_the_rest_imports(family: Database, tmp_path: Path) -> None:
    writer = MediaVault(family).record("day-1")
    writer.frame(Frame(0.0, np.full((120, 160, 3), 90, np.uint8)))
    writer.gap(1.0, 2.0, "camera lost")
    writer.close()
    assert family.rows("SELECT * FROM gaps") and family.rows("SELECT * FROM segments")
    write_archive(family, tmp_path / "all.zip", tmp_path / "sessions", with_files=True)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert not [name for name in archive.namelist() if "recordings" in name or "gaps" in name or "segments" in name]
    with Database(tmp_path / "new.sqlite") as new:
        read_archive(tmp_path / "all.zip", new, tmp_path / "new sessions")
        assert new.faults() == []
        assert rows_of(new) == rows_of(family)


def test_a_database_with_data_in_it_is_left_alone(family: Database, tmp_path: Path) -> None:
    write_archive(family, tmp_path / "all.zip")
    before = rows_of(family)
    with pytest.raises(StoreError, match=r"already holds.*left as it is.*on another computer.*save what is here to a file first"):
        read_archive(tmp_path / "all.zip", family, tmp_path / "sessions")
    assert rows_of(family) == before


def test_an_archive_of_the_version_before_is_read_and_its_answers_were_not_kept_on_a_second_look(
    family: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", present[: present.index(KEPT_SHOTS)])
    with Database(tmp_path / "older.sqlite") as older:
        shot = Shot(np.eye(NUM_EMOTIONS, dtype=np.float32)[1], {Modality.FACE: np.eye(8, dtype=np.float32)[0]}, "hash")
        add_shot(older, shot, "evening", 1, "Anna")
        write_archive(older, tmp_path / "older.zip")
        before = rows_of(older)
    monkeypatch.setattr(schema, "MIGRATIONS", present)
    with Database(tmp_path / "new.sqlite") as new:
        read_archive(tmp_path / "older.zip", new, tmp_path / "sessions")
        after = rows_of(new)
        assert kept_marks(new) == {}
    assert len(before["shots"]) == 1
    assert {table: rows for table, rows in after.items() if table != "shots"} == {
        table: rows for table, rows in before.items() if table != "shots"
    }
    assert [{name: value for name, value in row.items() if name != "kept_amid"} for row in after["shots"]] == before["shots"]


Change = Callable[[Path], None]


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], attributes: int | None = None) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if attributes is not None and name.startswith("files/"):
                info.external_attr = attributes
            archive.writestr(info, content)


def slip(name: str) -> Change:
    return lambda path: rewritten(path, lambda parts: parts.update({name: b"evil"}))


def bomb(path: Path) -> None:
    rewritten(path, lambda parts: parts.update({"files/day-1/notes.json": bytes(64 << 20)}))


def link(path: Path) -> None:
    rewritten(path, lambda parts: parts.update({"files/day-1/notes.json": b"/etc/passwd"}), (stat.S_IFLNK | 0o777) << 16)


def changed_row(path: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts["tables/sessions.jsonl"] = parts["tables/sessions.jsonl"].replace(b"starter", b"stolen!")

    rewritten(path, change)


def sql_in_a_name(path: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        rows = [json.loads(line) for line in parts["tables/sessions.jsonl"].splitlines()]
        rows[0]["x) VALUES (1); DROP TABLE shots; --"] = 1
        parts["tables/sessions.jsonl"] = "\n".join(json.dumps(row) for row in rows).encode()
        refresh(parts, "tables/sessions.jsonl")

    rewritten(path, change)


def refresh(parts: dict[str, bytes], name: str) -> None:
    import hashlib

    manifest = json.loads(parts[MANIFEST])
    manifest["parts"][name] = {"sha256": hashlib.sha256(parts[name]).hexdigest(), "bytes": len(parts[name])}
    parts[MANIFEST] = json.dumps(manifest).encode()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "harm",
    [slip("../../outside.txt"), slip("/tmp/outside.txt"), slip("files/../outside.txt"), slip("files/day-1/..\\x"),
     slip("tables/gate.jsonl"), bomb, link, changed_row, sql_in_a_name, cut, flipped],
)  # fmt: skip
def test_a_hostile_or_damaged_archive_is_refused_and_nothing_is_imported(family: Database, tmp_path: Path, harm: Change) -> None:
    path = tmp_path / "all.zip"
    write_archive(family, path, tmp_path / "sessions", with_files=True)
    harm(path)
    before = sorted(tmp_path.rglob("*"))
    with Database(tmp_path / "new.sqlite") as new:
        with pytest.raises(StoreError):
            read_archive(path, new, tmp_path / "new sessions")
        assert is_empty(new)
    assert not (tmp_path / "new sessions").exists()
    assert {one.name for one in tmp_path.rglob("*")} - {one.name for one in before} <= {
        "new.sqlite", "new.sqlite-wal", "new.sqlite-shm"
    }  # fmt: skip


def test_the_adult_whom_the_first_start_asks_for_does_not_keep_an_archive_out_but_anybody_else_does(
    family: Database, tmp_path: Path
) -> None:
    path = tmp_path / "all.zip"
    write_archive(family, path, tmp_path / "sessions", with_files=True)
    with Database(tmp_path / "new.sqlite") as new:
        mum = People(new).add("Mum", "adult").person_id
        People(new).grant(mum, "live")
        with pytest.raises(NotEmptyError, match="already holds"):
            read_archive(path, new, tmp_path / "new sessions")
        People(new).withdraw(mum, "live")
        read_archive(path, new, tmp_path / "new sessions")
        assert People(new).all() == People(family).all()


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"parts": 3}'])
def test_a_list_of_contents_that_is_none_is_refused_as_any_bad_archive(text: bytes, tmp_path: Path, database: Database) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", text)
    with pytest.raises(StoreError):
        read_archive(path, database, tmp_path / "sessions")
