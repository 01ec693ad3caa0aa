from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoasst_core.evaluation.long_session import loop_recording, repeat_session
from emoasst_core.paths import demo_recording
from emoasst_core.session.picture_seeker import PictureSeeker
from tests.core.store.session_records import random_session


def test_a_looped_recording_lasts_and_shows_the_same_pictures_again(tmp_path: Path) -> None:
    path = loop_recording(demo_recording(), tmp_path / "long.webm", 100.0)
    seeker = PictureSeeker(path)
    try:
        first, again = seeker.at(7.0), seeker.at(7.0 + 3 * 30.96)
    finally:
        seeker.close()
    assert first is not None and again is not None
    assert again.time_s == pytest.approx(7.0 + 3 * 30.96, abs=0.1)
    assert np.abs(first.image.astype(int) - again.image.astype(int)).mean() < 4


def test_a_repeated_session_numbers_its_utterances_on_and_ends_in_time(tmp_path: Path) -> None:
    short = random_session(1, num_utterances=4)
    long = repeat_session(short, tmp_path / "long.webm", 5 * short.duration_s)
    assert [row.number for row in long.utterances] == list(range(1, len(long.utterances) + 1))
    assert long.duration_s == 5 * short.duration_s
    assert max(span.end_s for span in long.timeline.spans) <= long.duration_s
