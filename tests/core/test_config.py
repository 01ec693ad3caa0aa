from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from emoasst_core.config import AnalysisOptions, CueOptions, FaceOptions, WindowOptions, options_from, read_options
from emoasst_core.errors import ConfigError

GROUPS = (FaceOptions, WindowOptions, CueOptions)
BOUNDED = [(group, spec.name, spec.metadata["low"], spec.metadata["high"]) for group in GROUPS for spec in fields(group)]


@pytest.mark.parametrize(("group", "name", "low", "high"), BOUNDED)
def test_every_setting_takes_its_bounds_and_refuses_what_lies_beyond(group: Any, name: str, low: float, high: float) -> None:
    assert getattr(group(**{name: low}), name) == low
    assert getattr(group(**{name: high}), name) == high
    for beyond in (low - 0.001, high + 0.001):
        with pytest.raises(ConfigError) as refused:
            group(**{name: beyond})
        assert all(part in str(refused.value) for part in (name, str(beyond), str(low), str(high)))


@pytest.mark.parametrize("value", ["8", None, True, [8.0]])
def test_what_is_not_a_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigError, match="analysis_rate_hz must be a number"):
        FaceOptions(analysis_rate_hz=value)


def test_not_a_number_is_out_of_bounds() -> None:
    with pytest.raises(ConfigError, match="outside"):
        CueOptions(clear_prob=float("nan"))


def test_the_calm_profile_changes_at_most_every_twenty_seconds() -> None:
    assert CueOptions.calm().min_gap_s == 20.0
    assert CueOptions.calm().max_per_minute <= 3


def test_settings_are_read_and_the_rest_keeps_its_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("transcribe = false\n[faces]\nmax_faces = 2\n[cues]\nclear_prob = 0.9\n", "utf-8")

    options = read_options(file)

    assert options == AnalysisOptions(FaceOptions(max_faces=2), WindowOptions(), CueOptions(clear_prob=0.9), transcribe=False)


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"face": {}}, "[face]"),
        ({"faces": {"max_face": 1}}, "faces.max_face"),
        ({"windows": {"hop_s": 99}}, "WindowOptions.hop_s = 99"),
    ],
)
def test_a_wrong_setting_is_named(tables: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError) as refused:
        options_from(tables)
    assert named in str(refused.value)


@pytest.mark.parametrize("content", [None, b"[faces\n"])
def test_a_missing_or_broken_settings_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"settings\.toml"):
        read_options(file)


@pytest.mark.parametrize("text", ["cues = 3", "transcribe = 'no'", "[cues]\nclear_prob = 9"])
def test_settings_of_the_wrong_kind_are_refused_in_words(text: str, tmp_path: Path):
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(ConfigError):
        read_options(tmp_path / "s.toml")


def test_settings_that_are_no_text_are_refused_in_words(tmp_path: Path):
    (tmp_path / "s.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError):
        read_options(tmp_path / "s.toml")


def test_the_calm_pace_keeps_the_other_settings():
    calm = CueOptions(hold_s=2.0).calmer()
    assert (calm.hold_s, calm.min_gap_s, calm.max_per_minute) == (2.0, 20.0, 3)
