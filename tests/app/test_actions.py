from collections import Counter

import pytest

from app.actions import ACTIONS, ANSWER_KEYS, ANSWERS, add_actions
from app.preferences import Choices, Preferences
from emoasst_core.config import CueOptions
from emoasst_core.emotions import EMOTIONS


def test_keys_follow_the_fixed_order_of_the_emotions_and_zero_is_cant_tell():
    assert [ANSWER_KEYS[emotion] for emotion in EMOTIONS] == list("1234567")
    assert ANSWER_KEYS["cant_tell"] == "0" and ANSWERS[:7] == EMOTIONS


@pytest.mark.parametrize("page", ["start", "live", "review"])
def test_no_key_means_two_things_on_one_page(page):
    keys = Counter(key for spec in ACTIONS if spec.page in (page, "any") for key in spec.keys)
    assert max(keys.values()) == 1


def test_every_action_has_a_key_and_a_name_of_its_own():
    assert all(spec.keys and spec.text for spec in ACTIONS)
    assert len({spec.name for spec in ACTIONS}) == len(ACTIONS)


def test_a_page_without_a_handler_for_its_action_is_refused(qtbot):
    from PySide6.QtWidgets import QWidget

    widget = QWidget()
    qtbot.addWidget(widget)
    with pytest.raises(KeyError):
        add_actions(widget, "live", {})


def test_choices_are_kept_and_read_again(tmp_path, qapp):
    path = tmp_path / "preferences.ini"
    first = Preferences(path)
    assert first.choices == Choices() and first.choices.reduce_motion
    first.change(theme="dark", text_scale=1.5, calm_cues=True, captions=False)
    again = Preferences(path).choices
    assert again == first.choices
    assert again.options.cues == CueOptions.calm() and not again.options.transcribe


def test_choices_that_make_no_sense_fall_back_to_the_usual(tmp_path, qapp):
    path = tmp_path / "preferences.ini"
    path.write_text("[General]\ntheme=neon\ntext_scale=9\n", "utf-8")
    assert Preferences(path).choices == Choices()
