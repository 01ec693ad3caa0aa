"""The sentences of assets/systems.toml."""

from __future__ import annotations

import tomllib
from typing import Any

from emoasst_core.errors import ConfigError
from emoasst_core.paths import assets_folder

FILE = "systems.toml"


def read_wording() -> dict[str, Any]:
    """All tables of the file.

    Raises:
        ConfigError: it cannot be read.
    """
    path = assets_folder() / FILE
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error


def label_texts(task: str, form: str) -> dict[str, str]:
    """{label: its text} of a task in one form.

    Args:
        task: "emotion" or "sentiment".
        form: "word", "phrase" or "sentence".

    Raises:
        ConfigError: there is no such list.
    """
    try:
        texts: dict[str, str] = read_wording()[task][form]
    except KeyError as error:
        raise ConfigError(f"assets/{FILE} has no labels {task}.{form}.", "Known forms: word, phrase, sentence.") from error
    return texts
