"""Agreed to clips and not to a recording: only the clips stay, to the picture and the sample; the rest cannot be read again."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from emoasst_core.datatypes import Timeline
from emoasst_core.review.clip_collection import clip_spans
from emoasst_core.session.clip_recorder import ClipRecorder
from emoasst_core.session.events import FrameSeen, SessionSaved
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.picture_seeker import StretchSeeker
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.playback_source import is_kept
from emoasst_core.session.recorder import Recorder, recording_sinks
from emoasst_core.session.runner import SessionRunner
from emoasst_core.session.sinks import Sinks
from emoasst_core.store import passing_recording
from emoasst_core.store.clip_retention import drop_orphans, keep_only
from emoasst_core.store.clips import Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.people import People
from emoasst_core.store.retention import sweep
from emoasst_core.store.sealed_file import SealedReader
from emoasst_core.store.sessions import SessionRecord, get_session, save_session
from tests.core.session.test_sound_reader import SILENT_UNTIL_S, feed, heard, onset_s

LENGTH_S = 8.0
CLIPS = ((1.0, 3.0), (5.5, 7.25))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "emoasst.sqlite"
    with Database(path) as database:
        save(database, "talk")
    return path


def save(database: Database, session_id: str, person: str = "") -> None:
    timeline = Timeline("", LENGTH_S, ())
    save_session(database, SessionRecord(session_id, "", datetime.now(UTC), LENGTH_S, "starter", "hash", timeline, ()))
    clips = [Clip(session_id, number, *span, person, "close") for number, span in enumerate(CLIPS, 1)]
    Clips(database).add(clips)


def recorded(path: Path, keeps: bool) -> ClipRecorder:
    recorder = ClipRecorder(path, "talk", clip_spans)
    feed(recorder, LENGTH_S)  # type: ignore[arg-type]
    recorder.close()
    recorder.decide(keeps)
    recorder.join(120)
    assert recorder.failure is None
    return recorder


def files_below(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*.emav*"))


def test_only_the_clips_are_left_with_their_picture_and_sound_in_place(path: Path) -> None:
    recorded(path, True)
    with Database(path) as database:
        source = media_of(database, get_session(database, "talk"))
        assert isinstance(source, tuple)
        assert [(one.start_s, pytest.approx(one.end_s, abs=0.1)) for one in source] == list(CLIPS)
    assert files_below(path.parent / "recordings") == ["talk/0001.emav", "talk/0002.emav"]
    for (start_s, end_s), one in zip(CLIPS, source, strict=True):
        with av.open(one.open()) as container:
            times = [float(frame.time) for frame in container.decode(video=0)]
        assert len(times) == pytest.approx(15 * (end_s - start_s), abs=2)
        assert times[0] < 0.1 and times[-1] < end_s - start_s
    assert 1.0 + onset_s(heard(source, 1.0)) == pytest.approx(SILENT_UNTIL_S, abs=0.03)
    seeker = StretchSeeker(source)
    dark, bright = seeker.step(1.2, 0), seeker.step(6.0, 0)
    seeker.close()
    assert dark is not None and bright is not None and dark.image.mean() < 60 < 180 < bright.image.mean()
    assert (is_kept(source, 2.0), is_kept(source, 4.5), is_kept(source, 7.0)) == (True, False, True)


def test_while_it_runs_all_is_sealed_and_afterwards_the_key_is_gone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[bytes] = []
    kept_files: list[bytes] = []
    discard = passing_recording.PassingRecording.discard

    def watch(self: passing_recording.PassingRecording) -> None:
        keys.append(self.segment_key("", 1))
        kept_files.append(self.path("", 1).read_bytes())
        discard(self)
        with pytest.raises(AssertionError):
            self.segment_key("", 1)

    monkeypatch.setattr(passing_recording.PassingRecording, "discard", watch)
    recorded(path, True)
    assert kept_files[0].startswith(b"EMAV1") and b"matroska" not in kept_files[0]
    assert not list((path.parent / "recordings").glob("passing-*"))
    everything = b"".join(file.read_bytes() for file in path.parent.rglob("*") if file.is_file())
    assert keys[0] not in everything and keys[0].hex().encode() not in everything


@pytest.mark.parametrize("when", ["after", "during"])
def test_nothing_stays_where_the_session_was_not_saved_or_somebody_took_it_back(path: Path, when: str) -> None:
    if when == "after":
        recorded(path, False)
    else:
        recorder = ClipRecorder(path, "talk", clip_spans)
        sinks = Sinks([recorder])  # type: ignore[list-item]
        feed(recorder, 2.0)  # type: ignore[arg-type]
        sinks.drop()
        recorder.join(5)
        sinks.decide(True)  # too late
    assert files_below(path.parent / "recordings") == []
    with Database(path) as database:
        assert MediaVault(database).recorded_sessions() == []


def _die_while_recording(path: Path) -> None:
    recorder = ClipRecorder(path, "talk", clip_spans)
    feed(recorder, 4.0)  # type: ignore[arg-type]
    while not list((path.parent / "recordings").rglob("*.emav*")):
        pass
    os._exit(9)


def test_what_a_killed_program_leaves_cannot_be_read_and_goes_at_the_next_start(path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_die_while_recording, args=(path,))
    process.start()
    process.join(60)
    folder = path.parent / "recordings"
    (left,) = files_below(folder)
    with Database(path) as database:
        assert MediaVault(database).recorded_sessions() == []
        for key in (database.keys.master(), bytes(32)):
            with pytest.raises(Exception, match="not what was written"):
                SealedReader(folder / left, key)
    assert passing_recording.drop_left_over(folder) == 1
    assert files_below(folder) == []


@pytest.fixture
def kept(path: Path) -> Iterator[Database]:
    recorded(path, True)
    with Database(path) as database:
        yield database


def test_the_clip_nobody_answered_goes_after_its_days_with_picture_and_sound_and_the_other_stays(kept: Database) -> None:
    vault = MediaVault(kept)
    first, second = Clips(kept).all("talk")
    Clips(kept).answer(ClipAnswer(first.clip_id, "parent", "joy"))
    old_file, old_key = vault.path("talk", 2), vault.segment_key("talk", 2)
    sealed = old_file.read_bytes()
    sweep(kept, clip_days=7, video_days=30, now=datetime.now(UTC) + timedelta(days=8))
    (segment,) = vault.segments("talk")
    assert (segment.start_s, segment.end_s) == (pytest.approx(1.0), pytest.approx(3.0, abs=0.1))
    assert files_below(vault.folder) == [f"talk/{segment.number:04d}.emav"]
    with vault.open("talk", segment.number) as reader, av.open(reader) as container:
        assert sum(1 for _ in container.decode(video=0)) > 25
    old_file.write_bytes(sealed)  # as if somebody had kept a copy of the file
    with pytest.raises(Exception, match="not what was written"):
        SealedReader(old_file, vault.segment_key("talk", 2))
    assert SealedReader(old_file, old_key).num_bytes > 0
    assert second.clip_id not in {clip.clip_id for clip in Clips(kept).all("talk")}


def test_taking_back_the_agreement_removes_picture_and_sound_of_clips_that_wait(path: Path) -> None:
    with Database(path) as database:
        mum = People(database).add("Anna", "adult").person_id
        People(database).grant(mum, "clips")
        database.execute("UPDATE clips SET person = ?", (mum,))
    recorded(path, True)
    with Database(path) as database:
        People(database).withdraw(mum, "clips")
        assert MediaVault(database).recorded_sessions() == []
    assert files_below(path.parent / "recordings") == []


def test_keeping_some_files_needs_them_to_be_there(kept: Database) -> None:
    assert drop_orphans(kept) == 0
    keep_only(MediaVault(kept), "talk", ())
    assert MediaVault(kept).recorded_sessions() == []


def test_the_plan_says_which_recorder_is_opened(path: Path) -> None:
    opens, opens_none = recording_sinks(path, clip_spans), recording_sinks(path)
    made = [
        opens("a", SessionPlan(keeps_recording=True, keeps_clips=True)),
        opens("b", SessionPlan(keeps_clips=True)),
        opens_none("c", SessionPlan(keeps_clips=True)),
        opens("d", SessionPlan()),
    ]
    assert [[type(sink) for sink in sinks] for sinks in made] == [[Recorder], [ClipRecorder], [], []]
    for sinks in made:
        for sink in sinks:
            sink.close()
            if isinstance(sink, ClipRecorder):
                sink.decide(False)
            sink.join(20)  # type: ignore[attr-defined]


def test_frames_of_another_size_and_no_sound_are_kept_too(path: Path) -> None:
    from emoasst_core.datatypes import Frame

    recorder = ClipRecorder(path, "talk", clip_spans)
    for number in range(120):
        recorder.frame(Frame(number / 30, np.full((90, 120, 3), 200, np.uint8)))
    recorder.close()
    recorder.decide(True)
    recorder.join(60)
    assert recorder.failure is None
    with Database(path) as database:
        (segment,) = MediaVault(database).segments("talk")
    assert segment.start_s == 1.0


@pytest.mark.parametrize("withdraws", [False, True], ids=["kept", "taken back"])
def test_a_session_keeps_its_clips_before_it_says_that_it_is_saved(tmp_path: Path, withdraws: bool) -> None:
    from recordings import write_recording

    film = write_recording(tmp_path / "talk.mp4", ("green", "red"), seconds_each=1.5)
    database_path, saved = tmp_path / "family" / "emoasst.sqlite", threading.Event()
    kept: list[list[float]] = []

    def tell(event: object) -> None:
        if isinstance(event, FrameSeen) and withdraws and event.frame.time_s > 1.0:
            runner.withdraw("p-00000001")
        if isinstance(event, SessionSaved):
            with Database(database_path) as database:
                kept.append([segment.start_s for segment in MediaVault(database).segments(event.session_id)])
            saved.set()

    runner = SessionRunner(
        tell,
        database_path=database_path,
        sessions_folder=tmp_path / "sessions",
        factory="colour_pipeline:open_pipeline",
        open_sinks=recording_sinks(database_path, lambda _database, _session_id: ((0.5, 1.2), (1.8, 2.6))),
    )
    try:
        runner.start_recording(film, plan=SessionPlan(("p-00000001",), keeps_clips=True))
        assert saved.wait(100)
    finally:
        runner.close()
    assert kept == [[] if withdraws else [0.5, 1.8]]
    assert not list(database_path.parent.rglob("passing-*"))
