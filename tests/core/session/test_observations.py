"""What the pipeline remembers of the last seconds."""

from __future__ import annotations

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Box
from emoasst_core.session.observations import KEPT_S, FaceMemory, SeenFace, SoundMemory


def seen(time_s: float, value: float | None, area_px: float = 100.0) -> SeenFace:
    embedding = None if value is None else np.full(4, value, np.float32)
    return SeenFace(time_s, Box(0.0, 0.0, area_px, 1.0), True, embedding, "" if value is not None else "too dark")


def test_sampling_takes_the_nearest_readable_face_for_each_time():
    memory = FaceMemory()
    for index in range(10):
        memory.add("person 1", seen(index / 10, None if index == 5 else float(index)))
    sampled = memory.sample("person 1", 0.0, 0.9, 24)
    assert sampled is not None
    assert sampled.shape == (24, 4)
    assert set(sampled[:, 0].tolist()) <= set(range(10)) - {5}
    assert np.all(np.diff(sampled[:, 0]) >= 0)


def test_a_person_who_was_never_readable_has_no_frames():
    memory = FaceMemory()
    memory.add("person 1", seen(0.0, None))
    assert memory.sample("person 1", 0.0, 1.0, 24) is None
    assert memory.sample("nobody", 0.0, 1.0, 24) is None


def test_the_nearest_person_comes_first():
    memory = FaceMemory()
    memory.add("person 1", seen(0.0, 1.0, 50.0))
    memory.add("person 2", seen(0.0, 1.0, 500.0))
    assert memory.persons(0.0, 1.0) == ["person 2", "person 1"]
    assert memory.persons(5.0, 6.0) == []


def test_sound_stays_in_time_over_gaps_and_is_forgotten_after_a_while():
    memory = SoundMemory()
    ones = np.ones(SAMPLE_RATE_HZ, np.float32)
    memory.add(AudioBlock(0.0, ones))
    memory.add(AudioBlock(2.0, 2 * ones))
    assert memory.between(0.5, 2.5).tolist() == [1.0] * 8000 + [0.0] * 16000 + [2.0] * 8000
    for second in range(3, 60):
        memory.add(AudioBlock(float(second), float(second) * ones))
    assert len(memory.between(0.0, 60.0)) <= (KEPT_S + 1) * SAMPLE_RATE_HZ
    assert memory.between(58.0, 58.1)[0] == 58.0


def test_whoever_left_long_ago_takes_no_memory_and_whoever_is_back_in_time_is_still_known():
    memory = FaceMemory()
    for number in range(200):
        memory.note_frame(float(number))
        memory.add(f"person {number}", seen(float(number), 1.0))
    assert memory.newest("person 199") is not None and memory.newest(f"person {200 - int(KEPT_S)}") is not None
    assert [memory.newest(f"person {number}") for number in range(200 - int(KEPT_S) - 2)] == [None] * (200 - int(KEPT_S) - 2)


def test_who_has_another_face_in_their_place_is_replaced_and_who_is_only_missed_is_not():
    def at(time_s, x):
        return SeenFace(time_s, Box(x, 0.0, 100.0, 100.0), True, np.zeros(4, np.float32))

    memory = FaceMemory()
    memory.note_frame(0.0)
    memory.add("person 1", at(0.0, 100.0))
    memory.add("person 2", at(0.0, 400.0))
    memory.note_frame(0.1)
    memory.add("person 2", at(0.1, 120.0))  # who was in view with them passes before them
    assert not memory.is_replaced("person 1") and not memory.is_replaced("person 2") and not memory.is_replaced("nobody")
    memory.add("person 3", at(0.1, 130.0))
    assert memory.is_replaced("person 1") and not memory.is_replaced("person 2")


def test_the_sound_of_minutes_is_the_last_half_minute_of_it_with_its_gaps_and_no_array_is_made_for_a_block():
    rng = np.random.default_rng(0)
    memory, whole, now_s = SoundMemory(), np.zeros(0, np.float32), 0.0
    buffer = memory._buffer
    for number in range(900):
        samples = rng.standard_normal(1_600).astype(np.float32)
        if number % 211 == 200:
            now_s += 0.7
            whole = np.concatenate([whole, np.zeros(11_200, np.float32)])
        memory.add(AudioBlock(now_s, samples))
        whole, now_s = np.concatenate([whole, samples]), now_s + 0.1
        start_s = max(0.0, now_s - 29.0)
        heard = memory.between(start_s, now_s)
        assert np.array_equal(heard, whole[-len(heard) :]) and abs(len(heard) - (now_s - start_s) * 16_000) <= 1
    assert memory._buffer is buffer and len(memory.between(0.0, now_s)) <= 31 * 16_000


def test_blocks_that_overlap_do_not_move_the_sound_behind_them():
    memory, rising = SoundMemory(), np.arange(16_000, dtype=np.float32)
    for start in range(0, 14_400, 1_440):
        memory.add(AudioBlock(start / 16_000, rising[start : start + 1_600]))
    assert np.array_equal(memory.between(0.0, 0.9), rising[:14_400])
