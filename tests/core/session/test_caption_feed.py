from __future__ import annotations

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Transcript
from emoasst_core.session.caption_feed import PART_S, PAUSE_S, CaptionFeed
from emoasst_core.session.observations import SoundMemory


class Asked:
    """A captioner that keeps what it is asked; `num_waiting` is set by the test."""

    def __init__(self) -> None:
        self.num_waiting = 0
        self.wholes: list[tuple[int, int, float]] = []
        self.parts: list[tuple[int, np.ndarray, float | None, float | None]] = []
        self.pauses: list[int] = []

    def submit(self, number: int, samples: np.ndarray, start_s: float) -> None:
        self.wholes.append((number, len(samples), start_s))

    def read_on(self, number: int, samples: np.ndarray, begins_s: float | None = None, is_pause: bool = False) -> None:
        self.parts.append((number, samples, begins_s, None))
        if is_pause:
            self.pauses.append(number)

    def read_end(self, number: int, samples: np.ndarray, begins_s: float | None, end_s: float) -> None:
        self.parts.append((number, samples, begins_s, end_s))

    def collect(self, wait: bool = False) -> list[tuple[int, Transcript]]:
        return []


def counting_sound(length_s: float) -> SoundMemory:
    """Every sample holds its own number, so that a gap or an overlap shows."""
    sound = SoundMemory()
    sound.add(AudioBlock(0.0, np.arange(round(length_s * SAMPLE_RATE_HZ), dtype=np.float32)))
    return sound


def test_the_parts_of_an_utterance_are_contiguous_and_together_the_whole_of_it() -> None:
    asked = Asked()
    feed = CaptionFeed(asked, counting_sound(6.0), is_live=True)  # type: ignore[arg-type]
    for tenth in range(10, 41):
        feed.go_on(tenth / 10, 1.0)
    feed.end(1, 1.0, 3.9)
    samples = np.concatenate([part for _, part, _, _ in asked.parts])
    assert (np.diff(samples) == 1).all() and samples[0] == SAMPLE_RATE_HZ
    assert abs(samples[-1] / SAMPLE_RATE_HZ - 3.9) <= PART_S
    assert [begins_s for _, _, begins_s, _ in asked.parts] == [1.0] + [None] * (len(asked.parts) - 1)
    assert [number for number, *_ in asked.parts][-1] == 1 and asked.parts[-1][3] == 3.9


def test_after_a_cut_the_next_utterance_goes_on_where_the_last_part_ended() -> None:
    asked = Asked()
    feed = CaptionFeed(asked, counting_sound(12.0), is_live=True)  # type: ignore[arg-type]
    for tenth in range(11, 91):
        feed.go_on(tenth / 10, 1.0)
    feed.end(1, 1.0, 7.5)  # cut where it was quietest, a while before now
    for tenth in range(91, 101):
        feed.go_on(tenth / 10, 7.6)
    feed.end(2, 7.6, 10.0)
    samples = np.concatenate([part for _, part, _, _ in asked.parts])
    assert (np.diff(samples) == 1).all()


def test_a_transcription_that_lags_gets_longer_parts_and_loses_nothing() -> None:
    asked = Asked()
    feed = CaptionFeed(asked, counting_sound(6.0), is_live=True)  # type: ignore[arg-type]
    feed.go_on(1.6, 1.0)
    asked.num_waiting = 1
    feed.go_on(2.6, 1.0)
    asked.num_waiting = 0
    feed.go_on(3.6, 1.0)
    assert [len(part) / SAMPLE_RATE_HZ for _, part, _, _ in asked.parts] == [0.6, 2.0]


def test_a_recording_gives_whole_utterances_only() -> None:
    asked = Asked()
    feed = CaptionFeed(asked, counting_sound(6.0), is_live=False)  # type: ignore[arg-type]
    feed.go_on(3.0, 1.0)
    feed.end(1, 1.0, 3.0)
    assert asked.parts == [] and asked.wholes == [(1, 2 * SAMPLE_RATE_HZ, 1.0)]


def test_a_pause_hands_everything_on_at_once_and_only_once() -> None:
    asked = Asked()
    feed = CaptionFeed(asked, counting_sound(6.0), is_live=True)  # type: ignore[arg-type]
    feed.go_on(1.6, 1.0)
    feed.go_on(1.9, 1.0, silent_s=PAUSE_S - 0.1)
    feed.go_on(2.0, 1.0, silent_s=PAUSE_S)
    feed.go_on(2.1, 1.0, silent_s=PAUSE_S + 0.1)
    assert asked.pauses == [-2] and [len(part) / SAMPLE_RATE_HZ for _, part, _, _ in asked.parts] == [0.6, 0.4]
    feed.end(1, 1.0, 1.9)
    assert len(asked.parts[-1][1]) == 0  # all of it had been handed on


def test_who_speaks_on_after_a_pause_has_another_pause_before_the_end() -> None:
    asked = Asked()
    feed = CaptionFeed(asked, counting_sound(6.0), is_live=True)  # type: ignore[arg-type]
    for time_s, silent_s in ((2.0, PAUSE_S), (2.2, 0.0), (2.4, PAUSE_S)):
        feed.go_on(time_s, 1.0, silent_s)
    assert len(asked.pauses) == 2


def test_no_part_stands_in_line_before_the_end_of_an_utterance() -> None:
    asked = Asked()
    feed = CaptionFeed(asked, counting_sound(6.0), is_live=True)  # type: ignore[arg-type]
    feed.go_on(1.6, 1.0)
    asked.num_waiting = 1
    for tenth in range(17, 40):
        feed.go_on(tenth / 10, 1.0, silent_s=0.3)
    feed.end(1, 1.0, 4.0)
    assert [number for number, *_ in asked.parts] == [-1, 1]


def test_a_picture_ahead_of_the_sound_leaves_no_hole_in_it() -> None:
    asked = Asked()
    sound = SoundMemory()
    feed = CaptionFeed(asked, sound, is_live=True)  # type: ignore[arg-type]
    for tenth in range(40):
        if tenth > 10:
            feed.go_on(tenth / 10 + 0.09, 1.0)  # a picture that is read before the block of its time
        sound.add(AudioBlock(tenth / 10, np.arange(1600 * tenth, 1600 * (tenth + 1), dtype=np.float32)))
    feed.end(1, 1.0, 3.9)
    samples = np.concatenate([part for _, part, _, _ in asked.parts])
    assert (np.diff(samples) == 1).all()
