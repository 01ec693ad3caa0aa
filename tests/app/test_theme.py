from string import Template

import pytest

from app.theme import BODY_PX, CUE_PX, TARGET_PX, THEMES, contrast, style_sheet, text_on
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS
from emoasst_core.paths import assets_folder

themes = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def test_contrast_agrees_with_known_values():
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21.0)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@themes
def test_text_reads_on_every_ground_it_stands_on(theme):
    for ground in (theme.page, theme.surface, theme.sunken, theme.lane):
        assert contrast(theme.ink, ground) >= 7.0  # the cue word is in this ink
        assert contrast(theme.ink_soft, ground) >= 4.5
    assert contrast(theme.accent_ink, theme.accent) >= 4.5


@themes
def test_edges_focus_and_signs_stand_out(theme):
    for ground in (theme.page, theme.surface):
        for color in (theme.outline, theme.focus, theme.accent):
            assert contrast(color, ground) >= 3.0


@themes
def test_emotion_colours_stand_out_where_cues_are_drawn_and_carry_readable_words(theme):
    for color in theme.emotions.values():
        for ground in (theme.page, theme.lane):
            assert contrast(color, ground) >= 3.0
        assert contrast(text_on(color), color) >= 4.5


@themes
def test_the_catalogue_and_the_theme_name_the_same_colours(theme):
    catalogue = Catalogue.load()
    for emotion in EMOTIONS:
        assert catalogue.color(Cue(0.0, CueState.CLEAR, emotion), theme.name) == theme.emotions[emotion]


@themes
def test_signs_of_states_without_emotion_stand_out_on_the_cue_card(theme):
    catalogue = Catalogue.load()
    for state in (CueState.UNSURE, CueState.CANT_SEE, CueState.CANT_HEAR):
        assert contrast(catalogue.color(Cue(0.0, state), theme.name), theme.page) >= 3.0


@themes
def test_no_theme_uses_pure_white_or_yellow(theme):
    used = [*theme.emotions.values(), theme.page, theme.surface, theme.sunken, theme.accent]
    for color in used:
        red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
        assert color.upper() != "#FFFFFF"
        assert not (red > 200 and green > 200 and blue < 100)


def test_sizes_keep_their_least_values_and_grow_with_the_text():
    assert BODY_PX >= 16 and CUE_PX >= 32 and TARGET_PX >= 44
    sheet = style_sheet(THEMES["light"], 2.0)
    assert "font-size: 32px" in sheet and "font-size: 88px" in sheet and "min-height: 70px" in sheet


@themes
def test_every_token_of_the_style_sheet_is_filled_in(theme):
    assert "$" not in style_sheet(theme).replace("every $word", "")
    assert Template((assets_folder() / "style.qss").read_text("utf-8")).is_valid()
