import pytest

from emoasst_core.cues.catalogue import VOICE_REASON, Catalogue
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import ConfigError
from emoasst_core.paths import assets_folder


def cue(state, emotion=None, reason=""):
    return Cue(0.0, state, emotion, reason=reason)


@pytest.mark.parametrize("audience", ["child", "adult"])
def test_every_text_is_at_most_three_words_and_claims_nothing(audience):
    catalogue = Catalogue.load(audience=audience)
    for emotion in EMOTIONS:
        for state in (CueState.CLEAR, CueState.MAYBE):
            for reason in ("", VOICE_REASON):
                text = catalogue.text(cue(state, emotion, reason))
                assert 1 <= len(text.split()) <= 3
                assert " is " not in f" {text.lower()} "


def test_clear_maybe_and_heard_are_worded_apart():
    catalogue = Catalogue.load()
    assert catalogue.text(cue(CueState.CLEAR, "joy")) == "Looks happy"
    assert catalogue.text(cue(CueState.MAYBE, "joy")) == "Maybe happy"
    assert catalogue.text(cue(CueState.CLEAR, "joy", VOICE_REASON)) == "Sounds happy"


def test_what_was_in_the_way_is_said_where_it_is_known():
    catalogue = Catalogue.load()
    assert catalogue.text(cue(CueState.CANT_SEE, reason="no face")) == "No face"
    assert catalogue.text(cue(CueState.CANT_SEE, reason="a reason without words")) == "Can't see"
    assert catalogue.text(cue(CueState.UNSURE, reason="no face")) == "Not sure"


def test_each_emotion_has_its_own_drawing_and_colour():
    catalogue = Catalogue.load()
    cues = [cue(CueState.CLEAR, emotion) for emotion in EMOTIONS]
    assert len({catalogue.icon(one) for one in cues}) == len({catalogue.color(one, "dark") for one in cues}) == len(EMOTIONS)
    assert all("currentColor" in catalogue.icon(one).read_text("utf-8") for one in cues)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[emotions.fear", "[emotions.dread", "fear"),
        ('icon = "joy"', 'icon = "grin"', "grin.svg"),
        ("name = ", "called = ", "name"),
        ("voice_maybe = ", "voice_perhaps = ", "voice_maybe"),
        ("[states.CANT_HEAR", "[states.CANT_SMELL", "CANT_HEAR"),
    ],
)
def test_a_catalogue_with_something_missing_is_refused_by_name(tmp_path, old, new, named):
    (tmp_path / "icons").symlink_to(assets_folder() / "icons")
    text = (assets_folder() / "cues.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "cues.toml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match=named):
        Catalogue.load(path)


def test_a_file_that_is_no_catalogue_is_refused(tmp_path):
    (tmp_path / "cues.toml").write_text("[emotions", "utf-8")
    with pytest.raises(ConfigError, match="Cannot read the cues"):
        Catalogue.load(tmp_path / "cues.toml")
