"""What `emoasst analyze` says when its files cannot be written, though the session is safe."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from family import make_database, make_profile

from emoasst_core.commands import analyze
from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions


def test_a_session_whose_files_cannot_be_written_is_kept_and_named(tmp_path: Path) -> None:
    make_database(tmp_path / "emoasst.sqlite", {"evening": make_profile(tmp_path)})
    with Database(tmp_path / "emoasst.sqlite") as database:
        record = get_session(database, "evening")
    (tmp_path / "file").write_text("no folder")
    arguments = argparse.Namespace(recording=Path("talk.mp4"), out=tmp_path / "file", json=False)
    with pytest.raises(StoreError) as refused:
        analyze._keep(record, arguments, tmp_path / "emoasst.sqlite")
    with Database(tmp_path / "emoasst.sqlite") as database:
        (kept,) = [info.session_id for info in list_sessions(database) if info.session_id != "evening"]
    assert f"emoasst export --session {kept} --format csv" in refused.value.next_step
