from __future__ import annotations

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Transcript
from emoasst_core.session.caption_feed import MOST_WAITING, PART_S, CaptionFeed
from emoasst_core.session.observations import SoundMemory


class Asked:
    """A captioner that keeps what it is asked; `num_waiting` is set by the test."""

    def __init__(self) -> None:
        self.num_waiting = 0
        self.wholes: list[tuple[int, int, float]] = []
        self.parts: list[tuple[int, np.ndarray, float | None, float | None]] = []

    def submit(self, number: int, samples: np.ndarray, start_s: float) -> None:
        self.wholes.append((number, len(samples), start_s))

    def read_on(self, number: int, samples: np.ndarray, begins_s: float | None = None, end_s: float | None = None) -> None:
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
    asked.num_waiting = MOST_WAITING
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
