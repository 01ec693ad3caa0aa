"""The model has changed: the answers are read again by themselves, in another process, stopped, killed and gone on with."""

import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from recordings import write_recording

from app import main_window
from app.catching_up import READ_AGAIN, CatchingUp, Task
from emoasst_core import paths
from emoasst_core.datatypes import CueState, Modality, Shot, Timeline
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review import reembed_job
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, save_session
from emoasst_core.store.shots import add_shot, list_shots, shots_for
from emoasst_core.systems.opening import hash_of_profile

NUM_CLIPS = 6


def slow_job(tell, database_path, profile):
    """The real job with a model that takes a while over each clip: words become their letters' counts."""
    from types import SimpleNamespace

    from emoasst_core.review.reembed import reembed, unfinished_shots

    class Words:
        encoder_hash = hash_of_profile(paths.assets_folder() / "models" / profile)
        config = SimpleNamespace(num_frames=4)

        def embed_words(self, text, context=()):
            time.sleep(0.3)
            counts = np.array([text.count(letter) for letter in "abcdefghij"], np.float32) + 0.1
            return counts / np.linalg.norm(counts)

    with Database(database_path) as database:
        before = len(unfinished_shots(database, Words.encoder_hash))
        found = reembed(database, Words(), None, tell, with_given_up=False)
    return reembed_job.ReembedReport(before + len(found.shot_ids), len(found.left))


def save_answers(folder):
    """Six answered parts of the model before, known by their words, and one of which nothing is left."""
    key = {Modality.WORDS: np.eye(4, dtype=np.float32)[0]}
    rows = tuple(
        UtteranceRow(n, n - 1.0, float(n), True, "", f"word {n} and more", "joy", CueState.CLEAR, {"joy": 0.9}, key)
        for n in range(1, NUM_CLIPS + 1)
    )
    timeline = Timeline("", 9.0, ())
    record = SessionRecord("before", "", datetime.now(UTC), 9.0, "starter", "old model", timeline, rows)
    with Database(paths.database_path()) as database:
        save_session(database, record)
        save_session(database, replace(record, session_id="silent"))
        for row in rows:
            add_shot(database, Shot(np.eye(7, dtype=np.float32)[1], key, "old model"), "before", row.number, "parent")
        face = {Modality.FACE: np.eye(4, dtype=np.float32)[0]}
        add_shot(database, Shot(np.eye(7, dtype=np.float32)[2], face, "old model"), "silent", 1, "parent")


def shots(name):
    with Database(paths.database_path()) as database:
        return [r for r in list_shots(database) if (r.shot.encoder_hash == "old model") == (name == "old")]


def counting():
    with Database(paths.database_path()) as database:
        return len(shots_for(database, hash_of_profile(paths.assets_folder() / "models" / "starter")))


def use_slow_job(monkeypatch):
    slow = [replace(READ_AGAIN, job=f"{__name__}:slow_job")]
    monkeypatch.setattr(main_window, "CatchingUp", lambda services, strip, parent: CatchingUp(services, strip, slow, parent))


def test_a_kill_half_way_loses_nothing_and_the_next_start_ends_the_work_and_says_what_is_left(drive, tmp_path, monkeypatch):
    save_answers(tmp_path)
    use_slow_job(monkeypatch)
    done = {}

    def first(window):
        again, strip = window.catching_up, window.start_page.strip
        yield lambda: len(shots("new")) >= 2
        assert strip.isVisible() and "looks at your answered clips again" in strip.words
        os.kill(again.process_id, signal.SIGKILL)
        yield lambda: "It goes on at the next start." in strip.words
        done["first"] = len(shots("new"))
        assert counting() == 0 and len(shots("old")) == NUM_CLIPS + 1

    def second(window):
        strip = window.start_page.strip
        yield lambda: "cannot be used with it" in strip.words
        assert strip.words == (
            "6 of your answers now count with the new model. One of your answers cannot be used with it: "
            "its picture and sound were not kept, or are gone."
        )
        strip.button.click()
        assert not strip.isVisible()

    drive(first)
    drive(second)
    assert 2 <= done["first"] < NUM_CLIPS
    assert counting() == NUM_CLIPS and len(shots("old")) == NUM_CLIPS + 1
    assert {EMOTIONS[int(record.shot.label.argmax())] for record in shots("new")} == {"joy"}

    def third(window):
        until = time.monotonic() + 1.5
        yield lambda: time.monotonic() > until
        assert not window.catching_up.is_running and not window.start_page.strip.isVisible()

    drive(third)


def test_it_can_be_stopped_and_rests_while_a_session_runs(drive, tmp_path, monkeypatch):
    save_answers(tmp_path)
    use_slow_job(monkeypatch)
    clip = write_recording(tmp_path / "talk.mp4", ("green",), seconds_each=2.0)

    def script(window):
        again, strip = window.catching_up, window.start_page.strip
        yield lambda: len(shots("new")) >= 1
        window.open_recording(clip)
        yield lambda: not again.is_running and not strip.isVisible()
        yield lambda: window.pages.currentWidget() is window.review_page
        assert counting() == 0
        window.go_home()
        yield lambda: again.is_running and strip.isVisible()
        strip.button.click()
        assert not again.is_running and not strip.isVisible()
        window.go_home()
        until = time.monotonic() + 1.0
        yield lambda: time.monotonic() > until
        assert not again.is_running

    drive(script)
    assert 1 <= len(shots("new")) < NUM_CLIPS


def test_what_waits_is_done_one_after_the_other_and_all_of_it_is_said(drive, monkeypatch):
    left = {"first": 3, "second": 2}
    tasks = [Task(f"{__name__}:short_job", name, lambda _path, _profile, name=name: left[name]) for name in left]
    monkeypatch.setattr(main_window, "CatchingUp", lambda services, strip, parent: CatchingUp(services, strip, tasks, parent))

    def script(window):
        strip = window.start_page.strip
        yield lambda: strip.words == "Done. Done."
        left["first"] = left["second"] = 0
        window.catching_up.look()
        until = time.monotonic() + 0.5
        yield lambda: time.monotonic() > until
        assert not window.catching_up.is_running and strip.words == "Done. Done."

    drive(script)


def short_job(tell, database_path, profile):
    """Nothing, with a report."""
    from types import SimpleNamespace

    tell(1, 1)
    return SimpleNamespace(sentence="Done.")
