"""A recording that broke off is read as a file would be: the demo's conversation, kept encrypted and never closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.cli import main
from emoasst_core.datatypes import AudioBlock, CueState, Frame, Source, Timeline
from emoasst_core.errors import StoreError
from emoasst_core.paths import demo_recording
from emoasst_core.review.late_reading import LateReport, num_seconds_waiting, read_late, run_job, unread_sessions
from emoasst_core.store.database import Database
from emoasst_core.store.deletion import forget_session
from emoasst_core.store.media import MediaVault
from emoasst_core.store.recovered_session import recover_session
from emoasst_core.store.sessions import SessionRecord, get_session, list_sessions, save_session

KEPT_S, CAME_LATE_S = 9.0, 1.5


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path))
    return tmp_path / "emoasst.sqlite"


def break_off(path: Path, session_id: str = "broke-off") -> None:
    """Nine seconds of the demo, whose camera came late, as a kill leaves them; then saved so that they play."""
    with Database(path) as database:
        vault = MediaVault(database)
        writer = vault.record(session_id)
        for item in MediaFile(demo_recording(), 8.0):
            if isinstance(item, Frame) and item.time_s < KEPT_S:
                writer.frame(replace(item, time_s=item.time_s + CAME_LATE_S))
            elif isinstance(item, AudioBlock) and item.start_s < KEPT_S:
                writer.sound(replace(item, start_s=item.start_s + CAME_LATE_S))
            elif item.time_s if isinstance(item, Frame) else item.start_s > KEPT_S + 1:
                break
        del writer
        recover_session(vault, session_id)


def test_feelings_are_read_of_it_once_and_kept_with_its_session(path: Path) -> None:
    break_off(path)
    waiting_s = num_seconds_waiting(path, "starter")
    assert KEPT_S - 2 < waiting_s < KEPT_S + 2 * CAME_LATE_S
    told: list[tuple[int, int]] = []
    report = run_job(lambda *step: told.append(step), path, "starter")
    assert report.num_read == 1 and not report.failures and "can be reviewed now" in report.sentence
    assert told == sorted(told) and told[-1][0] <= told[-1][1]
    with Database(path) as database:
        record = get_session(database, "broke-off")
        assert unread_sessions(database, with_given_up=True) == ()
    shown = [span for span in record.timeline.spans if span.source is Source.SHOWN]
    assert {"neutral", "joy"} <= {span.emotion for span in shown if span.state is CueState.CLEAR}
    assert min(span.start_s for span in shown) >= CAME_LATE_S  # on the clock of the session, not of its file
    assert record.utterances and record.encoder_hash and record.profile == "starter"
    assert record.timeline.duration_s == record.duration_s
    assert run_job(lambda *_step: None, path, "starter") == LateReport(0, 0.0)
    with pytest.raises(StoreError, match="read already"):
        list(read_late(path, "broke-off", "starter"))


def test_what_cannot_be_read_is_said_once_and_not_tried_again_by_itself(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_off(path)
    with Database(path) as database:
        (kept,) = (file for file in MediaVault(database).session_folder("broke-off").iterdir())
        kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    report = run_job(lambda *_step: None, path, "starter")
    assert report.num_read == 0 and len(report.failures) == 1 and report.sentence == report.failures[0]
    assert num_seconds_waiting(path, "starter") == 0
    with Database(path) as database:
        assert [info.session_id for info in unread_sessions(database, with_given_up=True)] == ["broke-off"]
        assert get_session(database, "broke-off").utterances == ()
    assert main(["data", "recover", "--read", "--database", str(path)]) == 0
    assert report.sentence in capsys.readouterr().out.replace("\n", " ")


def test_a_session_that_is_deleted_while_it_is_read_stays_deleted(path: Path) -> None:
    break_off(path)

    def delete(_done: int, _total: int) -> None:
        with Database(path) as database:
            if list_sessions(database):
                forget_session(database, "broke-off")

    assert run_job(delete, path, "starter") == LateReport(0, 0.0)
    with Database(path) as database:
        assert list_sessions(database) == [] and MediaVault(database).recorded_sessions() == []


def test_only_sessions_with_a_whole_recording_and_no_readings_wait(path: Path) -> None:
    with Database(path) as database:
        vault = MediaVault(database)
        for session_id, is_clips in (("clips-only", True), ("nothing-kept", False)):
            vault.begin(session_id, is_clips)
        empty = SessionRecord("", "", datetime(2026, 3, 1, 12, tzinfo=UTC), 5.0, "", "", Timeline("", 5.0, ()))
        for session_id in ("clips-only", "nothing-kept", "never-recorded"):
            save_session(database, replace(empty, session_id=session_id))
        save_session(database, replace(empty, session_id="a-file", recording="/film.mp4"))
        writer = vault.record("read-already")
        for number in range(30):
            writer.frame(Frame(number / 10, np.full((48, 64, 3), 5 * number, np.uint8)))
        save_session(database, replace(empty, session_id="read-already", encoder_hash="a model"))
        recover_session(vault, "read-already")
        assert unread_sessions(database, with_given_up=True) == ()
    assert num_seconds_waiting(path, "starter") == 0
    assert num_seconds_waiting(path.with_name("nowhere.sqlite"), "starter") == 0
