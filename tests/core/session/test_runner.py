import os
import signal
import threading
from itertools import pairwise

import pytest
from recordings import write_recording, write_sound
from test_sinks import Kept

from emoasst_core.datatypes import CueState, Modality
from emoasst_core.errors import WorkerError
from emoasst_core.session.events import (
    CueChanged,
    FacesSeen,
    FrameSeen,
    LevelHeard,
    ProgressMade,
    RunState,
    SessionFailed,
    SessionSaved,
    StateChanged,
    WordsHeard,
)
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.runner import SessionRunner
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions

WAIT_S = 60.0


class Session:
    def __init__(self, folder, function="open_pipeline"):
        self.kept, self.opened = Kept(), []
        self.database_path = folder / "test.sqlite"
        self.events = []
        self._changed = threading.Condition()
        self.runner = SessionRunner(
            self._on_event,
            database_path=self.database_path,
            sessions_folder=folder / "sessions",
            factory=f"colour_pipeline:{function}",
            open_sinks=lambda *how: self.opened.append(how) or [self.kept],
        )

    def _on_event(self, event):
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def all(self, kind):
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind, matches=lambda event: True):
        with self._changed:
            found = self._changed.wait_for(
                lambda: next((e for e in self.events if isinstance(e, kind) and matches(e)), None), WAIT_S
            )
        assert found, f"no {kind.__name__} among {[type(event).__name__ for event in self.events][-8:]}"
        return found

    @property
    def states(self):
        return [event.state for event in self.all(StateChanged)]


@pytest.fixture
def open_session(tmp_path):
    made = []

    def make(function="open_pipeline"):
        made.append(Session(tmp_path, function))
        return made[-1]

    yield make
    for one in made:
        one.runner.close()


def test_a_recording_is_shown_analysed_and_saved(open_session, tmp_path):
    one = open_session()
    path = write_recording(tmp_path / "clip.mp4", ("green", "red"), seconds_each=1.0)
    one.runner.start_recording(path)
    saved = one.wait_for(SessionSaved)
    assert one.runner.wait(WAIT_S)
    assert len(one.all(FrameSeen)) == 20
    assert [event.cue.emotion for event in one.all(CueChanged)] == ["joy", "anger", None]
    assert one.states == [RunState.LOADING, RunState.RUNNING, RunState.STOPPING, RunState.IDLE]
    assert one.all(ProgressMade) and max(event.level_db for event in one.all(LevelHeard)) > -20
    with Database(one.database_path) as database:
        record = get_session(database, saved.session_id)
    assert record.recording == str(path)
    assert {row.emotion for row in record.utterances} == {"joy", "anger"}
    assert record.utterances[0].embeddings[Modality.FACE].shape == (8,)


def test_every_picture_and_all_sound_reach_the_sinks_under_the_saved_sessions_id(open_session, tmp_path):
    one = open_session()
    plan = SessionPlan(("p-00000001",), keeps_recording=True)
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4"), plan=plan)
    saved = one.wait_for(SessionSaved)
    assert one.opened == [(saved.session_id, plan)]
    names = [call[0] for call in one.kept.calls]
    assert names.count("frame") == 20 and names[-1] == "close" and names.count("close") == 1
    assert sum(name == "sound" for name in names) == len(one.all(LevelHeard))


def test_a_withdrawal_closes_the_sinks_at_once_and_the_session_goes_on(open_session, tmp_path):
    one = open_session()
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4"), plan=SessionPlan(("p-00000001",), keeps_recording=True))
    one.wait_for(FrameSeen, lambda event: event.frame.time_s > 0.5)
    one.runner.withdraw("p-00000001")
    assert one.kept.calls[-1] == ("close",)
    assert not one.runner.plan.allows("p-00000001") and not one.runner.plan.keeps_recording
    one.wait_for(SessionSaved)
    assert len([call for call in one.kept.calls if call[0] == "frame"]) < 20


def test_sound_alone_reaches_the_pipeline_without_a_gap(open_session, tmp_path):
    one = open_session()
    one.runner.start_recording(write_sound(tmp_path / "voice.wav", 3.2), realtime=False)
    one.wait_for(StateChanged, lambda event: event.state is RunState.IDLE)
    assert [event.transcript.text for event in one.all(WordsHeard)] == ["word1", "word2", "word3"]


def test_as_fast_as_possible_no_picture_is_dropped(open_session, tmp_path):
    one = open_session("open_slowly")
    path = write_recording(tmp_path / "long.mp4", ("green",) * 6, with_sound=False)
    one.runner.start_recording(path, realtime=False)
    one.wait_for(SessionSaved)
    one.runner.wait(WAIT_S)
    status = one.runner.status()
    assert (status.frames_dropped, status.frames_analysed) == (0, status.frames_offered)
    assert status.frames_offered == 60  # 6 s at the 10 Hz of the analysis


def test_a_killed_model_process_does_not_end_the_session_nor_lose_what_came_after(open_session, tmp_path):
    one = open_session()
    path = write_recording(tmp_path / "clip.mp4", ("green", "red", "blue"), seconds_each=2.0)
    one.runner.start_recording(path)
    one.wait_for(FacesSeen)
    os.kill(one.runner.worker_process_id, signal.SIGKILL)
    one.wait_for(CueChanged, lambda event: event.cue.emotion == "sadness")
    saved = one.wait_for(SessionSaved)
    assert one.runner.status().worker_restarts == 1
    assert not one.all(SessionFailed)
    emotions = [span.emotion for span in saved.timeline.spans if span.emotion]
    assert emotions[-1] == "sadness"


def test_stopping_keeps_what_was_found_until_then(open_session, tmp_path):
    one = open_session()
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4", ("green", "red"), seconds_each=20.0))
    one.wait_for(FacesSeen, lambda event: event.time_s > 0.9)
    one.runner.stop()
    saved = one.wait_for(SessionSaved)
    assert 0.9 < saved.timeline.duration_s < 15
    assert saved.timeline.spans[0].state is CueState.CLEAR


def test_a_pause_stops_pictures_and_the_session_goes_on_after_it(open_session, tmp_path):
    one = open_session()
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4", ("green", "red"), seconds_each=1.5))
    one.wait_for(FrameSeen, lambda event: event.frame.time_s > 0.4)
    one.runner.pause()
    num_seen = len(one.all(FrameSeen))
    assert threading.Event().wait(0.6) is False
    assert len(one.all(FrameSeen)) <= num_seen + 1
    one.runner.resume()
    saved = one.wait_for(SessionSaved)
    assert abs(saved.timeline.duration_s - 3.0) < 0.25
    assert RunState.PAUSED in one.states
    times = [event.frame.time_s for event in one.all(FrameSeen)]
    assert all(later > earlier for earlier, later in pairwise(times))


def test_a_marked_moment_is_kept_with_the_session(open_session, tmp_path):
    one = open_session()
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4"))
    one.wait_for(FrameSeen, lambda event: event.frame.time_s > 0.5)
    marked_s = one.runner.mark()
    saved = one.wait_for(SessionSaved)
    with Database(one.database_path) as database:
        assert get_session(database, saved.session_id).marks_s == (marked_s,)
    assert 0.4 < marked_s < 2.5


@pytest.mark.parametrize("content", [None, b"", b"this is only text" * 50])
def test_a_file_that_is_no_recording_fails_in_words_and_saves_nothing(open_session, tmp_path, content):
    one = open_session()
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    one.runner.start_recording(path)
    failed = one.wait_for(SessionFailed)
    assert "clip.mp4" in failed.message and failed.next_step
    assert one.states[-1] is RunState.FAILED
    assert not one.database_path.exists() or not list_saved(one)


def test_missing_models_fail_in_words_and_the_next_try_starts_them_again(open_session, tmp_path):
    one = open_session("refuse")
    path = write_recording(tmp_path / "clip.mp4")
    for number in (1, 2):
        one.runner.start_recording(path)
        assert one.runner.wait(WAIT_S)
        assert [event.next_step for event in one.all(SessionFailed)] == ["Install them first."] * number


def test_a_refused_picture_ends_the_session_with_the_reason_and_keeps_the_rest(open_session, tmp_path):
    one = open_session("open_fragile")
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4", ("green", "yellow"), seconds_each=1.0))
    assert one.wait_for(SessionFailed).message == "This picture is yellow."


def test_a_recording_that_kills_its_process_every_time_is_given_up(open_session, tmp_path):
    one = open_session("open_fragile")
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4", ("white",) * 3, seconds_each=20), realtime=True)
    assert "several times" in one.wait_for(SessionFailed).message


def test_a_fault_of_our_own_while_saving_is_told_in_words(open_session, tmp_path, monkeypatch):
    def break_off(_database, _record):
        raise RuntimeError("no such thing")

    monkeypatch.setattr("emoasst_core.store.sessions.save_session", break_off)
    one = open_session()
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4"), realtime=False)
    assert one.wait_for(SessionFailed).message == "The session broke off (no such thing)."
    assert one.runner.wait(WAIT_S) and one.states[-1] is RunState.FAILED


def test_a_fault_of_our_own_in_mid_session_lets_the_devices_go(open_session, tmp_path, monkeypatch):
    monkeypatch.setattr("emoasst_core.session.mailbox.Mailbox.take", lambda *_: 1 / 0)
    one = open_session()
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4", ("green",) * 2, seconds_each=30.0))
    assert "division" in one.wait_for(SessionFailed).message
    assert one.runner.wait(WAIT_S)
    captures = [thread for thread in threading.enumerate() if thread.name == "capture"]
    for thread in captures:
        thread.join(10.0)
    assert not any(thread.is_alive() for thread in captures)
    assert one.kept.calls[-1] == ("close",)


def test_a_second_session_at_the_same_time_is_refused(open_session, tmp_path):
    one = open_session()
    path = write_recording(tmp_path / "clip.mp4", seconds_each=10)
    one.runner.start_recording(path)
    with pytest.raises(WorkerError, match="running already"):
        one.runner.start_recording(path)


def test_stopping_before_the_models_are_loaded_saves_nothing_and_is_no_failure(open_session, tmp_path):
    one = open_session("open_slowly")
    one.runner.start_recording(write_recording(tmp_path / "clip.mp4"))
    one.runner.stop()
    assert one.runner.wait(WAIT_S)
    assert one.states[-1] is RunState.IDLE
    assert not one.all(SessionFailed) and not one.all(SessionSaved)


def list_saved(one):
    with Database(one.database_path) as database:
        return list_sessions(database)
