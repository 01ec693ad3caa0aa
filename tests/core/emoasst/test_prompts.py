"""The prompts that ship with the program, and the refusal of broken prompt files."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import ConfigError
from emoasst_core.paths import assets_folder

SHIPPED = assets_folder() / "prompts.toml"


@pytest.fixture
def prompts() -> Prompts:
    return Prompts.load(SHIPPED)


def test_the_six_prompts_of_the_paper_are_in_its_order(prompts: Prompts) -> None:
    assert prompts.training_prompts("anger", "Go away!", "Monica", "woman") == [
        "An angry video.",
        "An angry woman is speaking.",
        "The speaker has an angry face.",
        "She is saying Go away! with an angry emotion.",
        "Monica is angry in this video.",
        "The utterance Go away! shows the speaker's anger.",
    ]


def test_nobody_is_called_man_or_woman_unless_the_caller_says_so(prompts: Prompts) -> None:
    unknown = " ".join(prompts.training_prompts("joy", "Hello.", ""))
    assert not set(unknown.lower().replace(".", "").split()) & {"man", "woman", "he", "she"}
    assert "A joyful man is speaking." in prompts.training_prompts("joy", "Hello.", "", "man")


def test_one_of_the_six_is_drawn_each_about_equally_often(prompts: Prompts) -> None:
    rng = random.Random(0)
    drawn = [prompts.training_prompt("sadness", "I miss her.", "Ross", rng) for _ in range(3000)]
    expected = prompts.training_prompts("sadness", "I miss her.", "Ross")
    assert set(drawn) == set(expected)
    assert all(400 < drawn.count(text) < 600 for text in expected)


def test_where_nothing_was_said_no_prompt_quotes_it(prompts: Prompts) -> None:
    silent = prompts.training_prompts("fear", "  ", "")
    assert len(silent) == 4
    assert not any("utterance" in text or "saying" in text for text in silent)


def test_an_utterance_with_braces_is_quoted_as_it_is(prompts: Prompts) -> None:
    assert "The utterance {noun} {0} shows the speaker's joy." in prompts.training_prompts("joy", "{noun} {0}", "")


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_class_prompts_name_their_emotion_and_nothing_of_a_clip(prompts: Prompts, emotion: str) -> None:
    forms = prompts.emotions[emotion]
    texts = prompts.class_prompts(emotion)
    assert len(set(texts)) == len(prompts.class_formats)
    assert all(forms["adjective"] in text.lower() or forms["noun"] in text.lower() for text in texts)
    assert all(text[0].isupper() and text.endswith(".") and "{" not in text for text in texts)
    assert prompts.class_prompts(emotion.upper()) == texts


def test_articles_fit_their_adjectives(prompts: Prompts) -> None:
    for forms in prompts.emotions.values():
        assert forms["article"] == ("an" if forms["adjective"][0] in "aeiou" else "a")


def test_a_class_feature_is_the_normalised_mean_of_its_prompts(prompts: Prompts) -> None:
    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.array([[len(text), text.count("a"), text.count("e")] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    features = prompts.class_features(embed)
    assert features.shape == (7, 3)
    mean = embed(prompts.class_prompts("disgust")).mean(0)
    np.testing.assert_allclose(features[EMOTIONS.index("disgust")], mean / np.linalg.norm(mean), rtol=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[emotions]", "[feelings]", "lack 'emotions'"),
        ('noun = "fear", ', "", "lack noun of fear"),
        ('"{article} {adjective} voice."', '"{article} {utterance} voice."', "utterance, which nothing fills"),
        ('"{article} {adjective} voice."', '"{article {adjective} voice."', "brace"),
        ('    "{speaker} is {adjective} in this video.",\n', "", "need 6 training formats"),
        ("training = [", "training = [[", "Cannot read"),
    ],
)
def test_a_broken_prompt_file_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    broken = tmp_path / "prompts.toml"
    text = SHIPPED.read_text("utf-8")
    broken.write_text(text.replace(old, new), "utf-8")
    assert old in text
    with pytest.raises(ConfigError, match=message):
        Prompts.load(broken)


def test_a_missing_prompt_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        Prompts.load(tmp_path / "nowhere.toml")
