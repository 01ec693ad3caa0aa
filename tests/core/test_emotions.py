from __future__ import annotations

import pytest

from emoasst_core.emotions import ALIASES, EMOTIONS, NEUTRAL, NUM_EMOTIONS, emotion_index


def test_the_order_of_the_columns_never_changes() -> None:
    assert EMOTIONS == ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")
    assert NUM_EMOTIONS == 7 and EMOTIONS[NEUTRAL] == "neutral"


@pytest.mark.parametrize(("spelling", "column"), [("neutral", 0), (" Happiness ", 1), ("SAD", 2), ("ang", 3), ("dis", 6)])
def test_common_spellings_are_understood(spelling: str, column: int) -> None:
    assert emotion_index(spelling) == column


def test_every_alias_leads_to_one_of_the_seven() -> None:
    assert set(ALIASES.values()) <= set(EMOTIONS)
    assert not set(ALIASES) & set(EMOTIONS)


def test_an_unknown_emotion_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(KeyError, match=r"'bored'.*neutral, joy"):
        emotion_index("bored")
