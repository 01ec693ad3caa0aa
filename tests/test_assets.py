"""The words, colours and pictures of the cues keep their promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from emoasst_core.datatypes import CueState
from emoasst_core.emotions import EMOTIONS
from emoasst_core.paths import assets_folder

ICONS = sorted((assets_folder() / "icons").glob("*.svg"))
PAGES = {"light": "#F4EFE6", "dark": "#23272B"}


@pytest.fixture(scope="module")
def cues() -> dict[str, Any]:
    return tomllib.loads((assets_folder() / "cues.toml").read_text("utf-8"))


def entries(cues: dict[str, Any]) -> list[dict[str, Any]]:
    return [*cues["emotions"].values(), *cues["states"].values()]


def texts(cues: dict[str, Any]) -> list[str]:
    of_emotions = [text for entry in cues["emotions"].values() for who in ("child", "adult") for text in entry[who].values()]
    return of_emotions + [entry["text"] for entry in cues["states"].values()] + list(cues["reasons"].values())


def luminance(color: str) -> float:
    channels = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_every_emotion_and_state_has_words(cues: dict[str, Any]) -> None:
    assert list(cues["emotions"]) == list(EMOTIONS)
    assert {state.value for state in CueState} - {"CLEAR", "MAYBE"} <= set(cues["states"])
    for emotion in cues["emotions"].values():
        for reader in ("child", "adult"):
            assert set(emotion[reader]) == {"clear", "maybe", "voice_clear", "voice_maybe"}


def test_no_text_has_more_than_three_words(cues: dict[str, Any]) -> None:
    assert [text for text in texts(cues) if not 1 <= len(text.split()) <= cues["max_words"]] == []
    assert cues["max_words"] == 3


def test_no_text_claims_to_know_what_somebody_feels(cues: dict[str, Any]) -> None:
    claims = re.compile(r"\b(is|are|feels?|treats?|diagnos\w*|normal|should|must|look at|eye contact)\b|\d", re.I)
    assert [text for text in texts(cues) if claims.search(text)] == []


def test_doubt_never_reads_like_certainty(cues: dict[str, Any]) -> None:
    for emotion in cues["emotions"].values():
        for reader in ("child", "adult"):
            assert emotion[reader]["maybe"] != emotion[reader]["clear"]
            assert emotion[reader]["voice_maybe"] != emotion[reader]["voice_clear"]


def test_clear_words_tell_the_emotions_apart(cues: dict[str, Any]) -> None:
    for reader in ("child", "adult"):
        for kind in ("clear", "maybe", "voice_clear", "voice_maybe"):
            assert len({emotion[reader][kind] for emotion in cues["emotions"].values()}) == len(EMOTIONS)


@pytest.mark.parametrize("theme", PAGES)
def test_every_colour_stands_out_from_the_page(cues: dict[str, Any], theme: str) -> None:
    too_faint = [entry[theme] for entry in entries(cues) if contrast(entry[theme], PAGES[theme]) < 3.0]
    assert too_faint == []


def test_every_icon_that_is_named_is_there(cues: dict[str, Any]) -> None:
    assert {entry["icon"] for entry in entries(cues)} <= {icon.stem for icon in ICONS}
    assert len({emotion["icon"] for emotion in cues["emotions"].values()}) == len(EMOTIONS)


@pytest.mark.parametrize("icon", ICONS, ids=lambda icon: icon.stem)
def test_icons_have_a_title_and_take_the_colour_of_the_theme(icon: Path) -> None:
    drawing = ElementTree.fromstring(icon.read_text("utf-8"))
    title = drawing.find("{http://www.w3.org/2000/svg}title")

    assert title is not None
    assert title.text
    if icon.stem != "app":
        assert drawing.get("stroke") == "currentColor"
        assert {part.get("fill") for part in drawing.iter()} <= {None, "none", "currentColor"}
