from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.session.events import FacesSeen, LevelHeard
from emoasst_core.session.message import Begin, Early, Finish, Finished, Handled, Ready, RecordSoFar, WorkerSettings
from emoasst_core.session.worker_process import _Service

sys.path.insert(0, str(Path(__file__).parent))
import gated_pipeline

WAIT_S = 20.0
LIVE = replace(AnalysisOptions(), partial_captions=True)


@pytest.fixture
def window() -> Iterator[Connection]:
    """The window's end of the pipe to a service that runs on a thread here."""
    gated_pipeline.gate.clear()
    ours, theirs = Pipe()
    service = _Service(theirs, WorkerSettings("", AnalysisOptions(), None, "gated_pipeline:open_pipeline"))

    def run() -> None:
        with pytest.raises(EOFError):
            service.run()

    thread = threading.Thread(target=run)
    thread.start()
    assert isinstance(answer(ours), Ready)
    yield ours
    gated_pipeline.gate.set()
    ours.close()
    thread.join(WAIT_S)


def answer(window: Connection) -> Any:
    assert window.poll(WAIT_S), "no answer"
    return window.recv()


def frame(time_s: float) -> Frame:
    return Frame(time_s, np.zeros((20, 20, 3), np.uint8))


def test_live_boxes_are_told_and_pictures_answered_for_while_an_earlier_one_is_still_read(window: Connection) -> None:
    window.send(Begin(1, "", LIVE))
    for number in range(5):
        window.send(frame(number / 10))
        told, handled = answer(window), answer(window)
        assert isinstance(told, Early) and isinstance(told.event, FacesSeen) and told.event.time_s == number / 10
        assert isinstance(handled, Handled) and not handled.is_sound
    window.send(AudioBlock(0.5, np.zeros(1600, np.float32)))
    assert not window.poll(0.2), "sound is answered for only when it has been read"
    gated_pipeline.gate.set()
    read = [answer(window) for _ in range(6)]
    assert [message.event.time_s for message in read[:5]] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert isinstance(read[5], Handled) and read[5].is_sound and isinstance(read[5].events[0], LevelHeard)


def test_the_end_of_a_live_session_waits_until_all_is_read(window: Connection) -> None:
    window.send(Begin(1, "", LIVE))
    for number in range(3):
        window.send(frame(number / 10))
    window.send(Finish(1))
    threading.Timer(0.2, gated_pipeline.gate.set).start()
    messages = []
    while not isinstance(messages[-1] if messages else None, Finished):
        messages.append(answer(window))
    assert messages[-1].record == 3
    assert sum(isinstance(message, Handled) for message in messages) == 3


def test_a_recording_is_answered_for_only_when_it_has_been_read(window: Connection) -> None:
    window.send(Begin(1, "talk.mp4", AnalysisOptions()))
    window.send(frame(0.0))
    assert isinstance(answer(window).event, FacesSeen)
    assert not window.poll(0.2)
    gated_pipeline.gate.set()
    handled = answer(window)
    assert isinstance(handled, Handled) and isinstance(handled.events[0], LevelHeard)


def test_a_new_session_begins_with_nothing_of_the_old_one_left_to_read(window: Connection) -> None:
    window.send(Begin(1, "", LIVE))
    for number in range(4):
        window.send(frame(number / 10))
    window.send(Begin(2, "", LIVE))
    threading.Timer(0.3, gated_pipeline.gate.set).start()
    window.send(frame(9.0))
    window.send(Finish(2))
    messages = []
    while not isinstance(messages[-1] if messages else None, Finished):
        messages.append(answer(window))
    assert messages[-1].record == 1
    assert [message for message in messages if isinstance(message, RecordSoFar)] == []
