import threading

import numpy as np
import pytest

from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.session.mailbox import MAX_BLOCKS_IN_FLIGHT, MAX_SOUND_S, Mailbox

IMAGE = np.zeros((2, 2, 3), np.uint8)


def frame(time_s):
    return Frame(time_s, IMAGE)


def block(start_s, duration_s=0.1):
    return AudioBlock(start_s, np.zeros(round(duration_s * 16_000), np.float32))


def test_only_the_newest_frame_waits_and_the_others_are_counted():
    box = Mailbox()
    for time_s in (0.0, 0.1, 0.2):
        box.offer_frame(frame(time_s))
    assert box.take(0).time_s == 0.2
    assert (box.frames_offered, box.frames_dropped) == (3, 2)


def test_a_second_frame_is_not_sent_before_the_first_is_handled():
    box = Mailbox()
    box.offer_frame(frame(0.0))
    box.take(0)
    box.offer_frame(frame(0.1))
    assert box.take(0) is None
    box.handled(is_sound=False)
    assert box.take(0).time_s == 0.1


def test_sound_comes_whole_in_order_and_before_later_frames():
    box = Mailbox()
    box.offer_frame(frame(0.15))
    for start_s in (0.0, 0.1, 0.2):
        box.offer_sound(block(start_s))
    taken = [box.take(0) for _ in range(4)]
    assert [getattr(one, "start_s", None) or getattr(one, "time_s", 0.0) for one in taken] == pytest.approx([0.0, 0.1, 0.15, 0.2])


def test_few_blocks_are_on_their_way_at_once():
    box = Mailbox()
    for number in range(MAX_BLOCKS_IN_FLIGHT + 1):
        box.offer_sound(block(number / 10))
    assert all(box.take(0) for _ in range(MAX_BLOCKS_IN_FLIGHT))
    assert box.take(0) is None
    box.worker_lost()
    assert box.take(0) is not None


def test_a_recording_waits_when_too_much_sound_waits_and_nothing_is_lost():
    box = Mailbox()
    box.offer_sound(block(0.0, MAX_SOUND_S - 0.05))
    writer = threading.Thread(target=lambda: box.offer_sound(block(MAX_SOUND_S - 0.05)))
    writer.start()
    writer.join(0.2)
    assert writer.is_alive()
    box.take(0)
    writer.join(10)
    assert not writer.is_alive()
    assert (box.sound_waits, box.sound_lost, box.sound_blocks) == (1, 0, 2)


def test_a_microphone_gives_up_its_oldest_sound_and_counts_it():
    box = Mailbox(waits_for_sound=False)
    for number in range(4):
        box.offer_sound(block(number * 10.0, 10.0))
    assert box.sound_lost == 1 and box.take(0).start_s == 10.0


def test_without_loss_the_next_frame_waits_for_the_one_before():
    box = Mailbox(lossless=True)
    box.offer_frame(frame(0.0))
    writer = threading.Thread(target=lambda: box.offer_frame(frame(0.1)))
    writer.start()
    writer.join(0.2)
    assert writer.is_alive()
    box.take(0)
    writer.join(10)
    assert box.frames_dropped == 0 and box.frames_offered == 2


def test_it_is_done_when_closed_emptied_and_answered():
    box = Mailbox()
    box.offer_frame(frame(0.0))
    box.close()
    box.offer_frame(frame(1.0))
    assert not box.is_done
    assert box.take(0).time_s == 0.0
    assert not box.is_done
    box.handled(is_sound=False)
    assert box.is_done


def test_sound_that_a_dead_worker_held_is_sent_again_in_order_and_its_frame_is_counted():
    box = Mailbox()
    for number in range(3):
        box.offer_sound(block(number / 10))
    box.offer_frame(frame(0.35))
    held = [box.take(0) for _ in range(4)]
    assert box.take(0) is None and held[3].time_s == 0.35
    box.offer_sound(block(0.3))
    box.worker_lost()
    assert [box.take(0).start_s for _ in range(4)] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert (box.frames_dropped, box.sound_lost) == (1, 0)


def test_sound_that_two_workers_died_of_is_given_up_and_counted():
    box = Mailbox()
    box.offer_sound(block(0.0))
    for _ in range(2):
        box.take(0)
        box.worker_lost()
    assert box.take(0) is None
    assert box.sound_lost == 1 and box.sound_lost_s == pytest.approx(0.1)


def test_sound_that_could_not_be_sent_waits_again_however_often():
    box = Mailbox()
    for number in range(3):
        box.offer_sound(block(number / 10))
    for _ in range(5):
        box.not_sent(box.take(0))
    held = box.take(0)
    box.worker_lost()  # the process has died meanwhile: the block waits again, and once only
    box.not_sent(held)
    assert [box.take(0).start_s for _ in range(3)] == pytest.approx([0.0, 0.1, 0.2])
    assert (box.take(0), box.sound_lost) == (None, 0)


def test_a_frame_that_could_not_be_sent_is_counted_and_the_next_one_goes():
    box = Mailbox()
    box.offer_frame(frame(0.0))
    box.not_sent(box.take(0))
    box.offer_frame(frame(0.1))
    assert box.take(0).time_s == 0.1 and box.frames_dropped == 1
