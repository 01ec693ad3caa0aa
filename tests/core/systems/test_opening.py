"""A profile says which system it holds, and that one is opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoasst_core.errors import ConfigError, ModelError
from emoasst_core.profile import PROFILE_FILE
from emoasst_core.systems.opening import CLASSES, open_recogniser, profile_of_system
from emoasst_core.systems.profile import SYSTEMS, SystemProfile, read_system_profile, require_system, system_of


def test_a_profile_without_a_system_is_emoasst() -> None:
    assert profile_of_system("emoasst") == "starter"
    recogniser = open_recogniser("starter")
    assert type(recogniser).__module__ == "emoasst_core.recogniser"
    assert recogniser.num_parameters > 1_000_000


def test_every_system_has_a_class_to_open() -> None:
    assert set(CLASSES) == set(SYSTEMS)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    profile = SystemProfile("mine", "mer-clip", {"width": 8}, num_frames=12, calibration={"face": {"temperature": 1.0}})
    profile.write(tmp_path)
    assert read_system_profile(tmp_path) == profile
    assert system_of(tmp_path) == "mer-clip"


@pytest.mark.parametrize("text", ["no json", '{"system": "oracle"}', "[]"])
def test_a_damaged_profile_is_named_in_the_error(tmp_path: Path, text: str) -> None:
    (tmp_path / PROFILE_FILE).write_text(text)
    with pytest.raises(ModelError, match=r"profile\.json"):
        system_of(tmp_path)


def test_a_field_too_many_is_refused(tmp_path: Path) -> None:
    SystemProfile("mine", "sem-mbt", {}, num_frames=4).write(tmp_path)
    values = json.loads((tmp_path / PROFILE_FILE).read_text()) | {"code": "import os"}
    (tmp_path / PROFILE_FILE).write_text(json.dumps(values))
    with pytest.raises(ModelError, match="field"):
        read_system_profile(tmp_path)


def test_an_untrained_system_says_how_to_train_it() -> None:
    with pytest.raises(ConfigError, match="emoasst train --system mer-clip"):
        profile_of_system("mer_clip")


def test_a_profile_of_another_system_is_refused() -> None:
    with pytest.raises(ConfigError, match="of emoasst, not of sem-mbt"):
        profile_of_system("sem-mbt", "starter")


def test_unknown_systems_are_refused_and_underscores_allowed() -> None:
    assert require_system("MER_CLIP") == "mer-clip"
    with pytest.raises(ConfigError, match="Known: emoasst"):
        require_system("crystal-ball")
