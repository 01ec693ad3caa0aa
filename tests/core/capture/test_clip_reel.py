import json
from itertools import pairwise

import numpy as np
import pytest

from emoasst_core.capture.clip_reel import SIZE, ClipReel, Stretch, letterboxed, read_reel
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import MediaError
from tests.media import silent_clip, talking_ramp


@pytest.fixture
def listing(tmp_path):
    talking_ramp(tmp_path / "ramp.mp4", 1.0)
    rows = [
        {"clip": "ramp.mp4", "from_s": 0.0, "to_s": 0.5, "lasts_s": 1.5, "emotion": "joy"},
        {"clip": "ramp.mp4", "from_s": 0.5, "to_s": 0.9, "lasts_s": 1.5, "emotion": "sadness"},
        {"clip": "ramp.mp4"},
    ]
    path = tmp_path / "reel.json"
    path.write_text(json.dumps({"stretches": rows}), "utf-8")
    return path


def test_stretches_follow_each_other_in_time_order_with_known_changes(listing):
    reel = ClipReel(read_reel([listing]), 6.0)
    items = list(reel)
    frames = [item for item in items if isinstance(item, Frame)]
    times = [frame.time_s for frame in frames]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert 5.8 < times[-1] <= 6.0
    assert [emotion for _, emotion in reel.changes] == ["sadness", "joy", "sadness"]
    assert reel.changes[0][0] == pytest.approx(1.5, abs=0.1)
    assert all(frame.image.shape == (SIZE[1], SIZE[0], 3) for frame in frames)


def test_sound_goes_on_through_stretches_that_have_none(tmp_path):
    silent_clip(tmp_path / "silent.mp4", 1.0)
    blocks = [item for item in ClipReel([Stretch(tmp_path / "silent.mp4")], 3.0) if isinstance(item, AudioBlock)]
    assert sum(len(block.samples) for block in blocks) / 16_000 == pytest.approx(3.0, abs=0.5)
    assert not any(block.samples.any() for block in blocks)


def test_a_clip_with_known_spans_beside_it_brings_its_changes(tmp_path):
    silent_clip(tmp_path / "clip.mp4")
    spans = [{"start_s": 0.0, "emotion": "neutral"}, {"start_s": 0.4, "emotion": "joy"}, {"start_s": 0.8, "emotion": None}]
    (tmp_path / "clip.json").write_text(json.dumps({"spans": spans}), "utf-8")
    reel = ClipReel(read_reel([tmp_path / "clip.mp4"]), 0.9)
    list(reel)
    assert reel.changes == [(0.4, "joy"), (0.8, None)]


def test_a_picture_is_shown_whole_on_black():
    wide = np.full((100, 400, 3), 200, np.uint8)
    boxed = letterboxed(wide)
    assert boxed.shape == (480, 640, 3)
    assert boxed[0].max() == 0 and boxed[240].min() == 200


def test_a_list_that_is_none_is_said(tmp_path):
    (tmp_path / "reel.json").write_text("{}", "utf-8")
    for name in ("reel.json", "missing.mp4"):
        with pytest.raises(MediaError):
            read_reel([tmp_path / name])
