import numpy as np

from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.session.sinks import Sinks

FRAME = Frame(0.5, np.zeros((2, 2, 3), np.uint8))
BLOCK = AudioBlock(0.0, np.zeros(1600, np.float32))


class Kept:
    def __init__(self, breaks_on=""):
        self.calls, self._breaks_on = [], breaks_on

    def frame(self, frame):
        self._note("frame", frame.time_s)

    def sound(self, block):
        self._note("sound", block.end_s)

    def gap(self, start_s, end_s, reason):
        self._note("gap", start_s, end_s, reason)

    def close(self):
        self._note("close")

    def _note(self, name, *values):
        if name == self._breaks_on:
            raise OSError("the disk is full")
        self.calls.append((name, *values))


def give_all(sinks):
    sinks.frame(FRAME)
    sinks.sound(BLOCK)
    sinks.gap(0.1, 0.4, "paused")
    sinks.close()


def test_every_sink_gets_everything_in_order():
    one, two = Kept(), Kept()
    give_all(Sinks([one, two]))
    assert one.calls == two.calls == [("frame", 0.5), ("sound", 0.1), ("gap", 0.1, 0.4, "paused"), ("close",)]


def test_a_sink_that_breaks_is_left_out_and_said_once_and_the_other_goes_on():
    broken, whole, said = Kept("frame"), Kept(), []
    sinks = Sinks([broken, whole], said.append)
    sinks.frame(FRAME)
    give_all(sinks)
    assert broken.calls == []
    assert [call[0] for call in whole.calls] == ["frame", "frame", "sound", "gap", "close"]
    assert [event.message for event in said] == ["The recording stopped: the disk is full."]
    assert said[0].kind == "recording" and said[0].next_step


def test_closing_twice_closes_a_sink_once():
    one = Kept()
    sinks = Sinks([one])
    sinks.close()
    sinks.close()
    sinks.frame(FRAME)
    assert one.calls == [("close",)]
