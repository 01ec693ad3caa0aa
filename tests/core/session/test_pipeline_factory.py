"""What a model's profile may ask of the cues: more certainty, and nothing else."""

from types import SimpleNamespace

import pytest

from emoasst_core.config import CueOptions
from emoasst_core.errors import ModelError
from emoasst_core.session.pipeline_factory import with_model_thresholds


def merged(options, **cues):
    return with_model_thresholds(options, SimpleNamespace(config=SimpleNamespace(name="mine", cues=cues)))


def test_the_stricter_threshold_wins_whosever_it_is():
    options = CueOptions(clear_prob=0.75, clear_margin=0.2)
    found = merged(options, clear_prob=0.7, negative_prob=0.9, clear_margin=0.3)
    assert (found.clear_prob, found.negative_prob, found.clear_margin) == (0.75, 0.9, 0.3)
    assert merged(options) == options


@pytest.mark.parametrize("name", ["max_per_minute", "stale_s", "no_such_thing"])
def test_a_model_has_no_say_in_how_often_or_how_long_cues_are_shown(name):
    with pytest.raises(ModelError, match=name):
        merged(CueOptions(), **{name: 10})
