from __future__ import annotations

from pathlib import Path

import pytest

from emoasst_core import paths


def test_everything_kept_lies_under_the_folder_that_the_variable_names(home: Path) -> None:
    places = [paths.database_path(), paths.sessions_folder(), paths.models_folder()]

    assert all(place.is_relative_to(home) for place in places)
    assert len(set(places)) == 3


def test_asking_where_things_lie_creates_nothing(home: Path) -> None:
    paths.database_path()
    paths.profile_folder("starter")

    assert not home.exists()


def test_without_the_variable_the_system_s_own_folder_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.HOME_VARIABLE)

    assert paths.home().name == "EmoAsst"
    assert paths.home().is_absolute()


def test_a_tilde_means_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.HOME_VARIABLE, "~/somewhere")

    assert paths.home() == Path.home() / "somewhere"


def test_an_installed_profile_goes_before_the_bundled_one_of_the_same_name() -> None:
    assert paths.profile_folder("starter") == paths.assets_folder() / "models" / "starter"
    installed = paths.models_folder() / "starter"
    installed.mkdir(parents=True)

    assert paths.profile_folder("starter") == installed


def test_the_bundled_files_are_found() -> None:
    assert (paths.assets_folder() / "cues.toml").is_file()
