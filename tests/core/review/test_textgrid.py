from __future__ import annotations

import re
from itertools import pairwise

import pytest

from emoasst_core.review.lanes import TIERS
from emoasst_core.review.textgrid import textgrid_text
from emoasst_core.store.sessions import SessionRecord
from tests.core.store.session_records import random_session

INTERVAL = re.compile(r'intervals \[\d+\]:\s+xmin = (\S+)\s+xmax = (\S+)\s+text = "((?:[^"]|"")*)"')


def tiers(text: str) -> dict[str, list[tuple[float, float, str]]]:
    """A small reader of the long format, by Praat's own rules."""
    found = {}
    for part in re.split(r"\n    item \[\d+\]:\n", text)[1:]:
        name = re.search(r'name = "((?:[^"]|"")*)"', part)
        size = re.search(r"intervals: size = (\d+)", part)
        assert name and size
        found[name[1]] = [(float(a), float(b), c.replace('""', '"')) for a, b, c in INTERVAL.findall(part)]
        assert len(found[name[1]]) == int(size[1])
    return found


def test_every_tier_covers_the_session_without_gaps(record: SessionRecord) -> None:
    text = textgrid_text(record)
    assert text.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 6\n')
    found = tiers(text)
    assert list(found) == list(TIERS)
    assert found["shown_cue"] == [(0, 0.6, ""), (0.6, 2.6, "Looks happy"), (2.6, 4, "Not sure"), (4, 6, "Maybe sad")]
    assert found["parent_label"] == [(0, 6, "")]


@pytest.mark.parametrize("seed", range(12))
def test_any_session_gives_tiers_without_gaps_or_overlaps(seed: int) -> None:
    record = random_session(seed, num_utterances=15, num_spans=50)
    for name, intervals in tiers(textgrid_text(record)).items():
        assert intervals[0][0] == 0, name
        assert all(start < end for start, end, _ in intervals), name
        assert all(one[1] == other[0] for one, other in pairwise(intervals)), name
