from __future__ import annotations

from threading import Thread

from emoasst_core.capture.ring_buffer import RingBuffer


def test_the_oldest_item_gives_way_and_is_counted() -> None:
    ring = RingBuffer[int](capacity=3)
    for number in range(5):
        ring.put(number)
    assert [ring.get(0), ring.get(0), ring.get(0), ring.get(0)] == [2, 3, 4, None]
    assert ring.num_dropped == 2


def test_a_waiting_reader_gets_what_another_thread_puts() -> None:
    ring = RingBuffer[str](capacity=1)
    writer = Thread(target=ring.put, args=("frame",))
    writer.start()
    assert ring.get(timeout_s=10) == "frame"
    writer.join()


def test_closing_frees_a_waiting_reader_and_keeps_what_waits() -> None:
    ring = RingBuffer[int](capacity=2)
    ring.put(1)
    ring.close()
    ring.put(2)
    assert ring.is_closed and ring.get() == 1 and ring.get() is None
