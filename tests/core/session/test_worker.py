import os
import queue
import signal
import threading
import time

import numpy as np
import pytest

from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.session import worker as worker_module
from emoasst_core.session.events import FacesSeen
from emoasst_core.session.message import Begin, Finish, Finished, Handled, LoadFailed, Ready, WorkerSettings
from emoasst_core.session.worker import Worker

WAIT_S = 30.0


class Listening:
    def __init__(self, function="open_pipeline"):
        self.messages = queue.Queue()
        self.losses = queue.Queue()
        settings = WorkerSettings("starter", AnalysisOptions(), None, f"colour_pipeline:{function}")
        self.worker = Worker(settings, self.messages.put, lambda: self.losses.put("lost"))

    def next(self, kind):
        while True:
            message = self.messages.get(timeout=WAIT_S)
            if isinstance(message, kind):
                return message


@pytest.fixture
def listening():
    made = []

    def make(function="open_pipeline"):
        made.append(Listening(function))
        return made[-1]

    yield make
    for one in made:
        one.worker.close()


def green(time_s):
    image = np.zeros((60, 80, 3), np.uint8)
    image[..., 1] = 180
    return Frame(time_s, image)


def test_a_frame_is_answered_with_its_events_and_finishing_gives_the_record(listening):
    one = listening()
    one.next(Ready)
    generation = one.worker.generation
    for message in (
        Begin(7, "clip.mp4", AnalysisOptions()),
        green(0.0),
        AudioBlock(0.0, np.zeros(1600, np.float32)),
        green(0.6),
        Finish(7),
    ):
        assert one.worker.send(message, generation)
    face, sound = one.next(Handled), one.next(Handled)
    assert (face.session, face.is_sound, sound.is_sound) == (7, False, True)
    assert isinstance(face.events[0], FacesSeen) and face.events[0].faces[0].person == "person 1"
    record = one.next(Finished).record
    assert (record.recording, record.utterances[0].emotion) == ("clip.mp4", "joy")


def test_models_that_cannot_be_loaded_are_said_and_not_tried_again_unasked(listening):
    one = listening("refuse")
    failure = one.next(LoadFailed)
    assert failure.message == "There are no models called starter."
    assert not one.worker.wait_ready(1.0)
    assert one.worker.restarts == 0
    one.worker.retry()
    assert one.next(LoadFailed) == failure


def test_a_factory_that_is_not_there_is_a_message(listening):
    assert "colour_pipeline:nothing" in listening("nothing").next(LoadFailed).message


def test_a_killed_process_is_replaced_and_says_so(listening):
    one = listening()
    one.next(Ready)
    first = one.worker.process_id
    os.kill(first, signal.SIGKILL)
    assert one.losses.get(timeout=WAIT_S) == "lost"
    one.next(Ready)
    assert one.worker.wait_ready(WAIT_S)
    assert one.worker.process_id != first and one.worker.restarts == 1


def test_a_process_that_hangs_is_replaced(listening):
    one = listening()
    one.next(Ready)
    first = one.worker.process_id
    os.kill(first, signal.SIGSTOP)
    one.losses.get(timeout=WAIT_S)
    one.next(Ready)
    assert one.worker.process_id != first


def test_nothing_is_sent_to_a_process_that_was_replaced(listening):
    one = listening()
    one.next(Ready)
    old = one.worker.generation
    os.kill(one.worker.process_id, signal.SIGKILL)
    one.losses.get(timeout=WAIT_S)
    one.next(Ready)
    assert not one.worker.send(green(0.0), old)
    assert one.worker.send(Begin(1, "", AnalysisOptions()), one.worker.generation)


def test_closing_ends_the_process(listening):
    one = listening()
    one.next(Ready)
    process_id = one.worker.process_id
    one.worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_a_spare_process_takes_over_at_once_where_loading_takes_long(listening, monkeypatch):
    monkeypatch.setattr(worker_module, "SPARE_AFTER_S", 0.2)
    monkeypatch.setattr(worker_module, "SLOW_LOAD_S", 0.3)
    one = listening("open_slowly")
    one.next(Ready)
    first = one.worker.process_id
    deadline_s = time.monotonic() + WAIT_S
    while not one.worker.is_spare_ready and time.monotonic() < deadline_s:
        threading.Event().wait(0.05)
    spare = one.worker.spare_process_id
    assert one.worker.is_spare_ready and spare != first
    os.kill(first, signal.SIGKILL)
    one.next(Ready)
    assert one.worker.process_id == spare and one.worker.restarts == 1
    one.worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(spare, 0)
