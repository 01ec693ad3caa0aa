"""Figures as a JSON file, written whole; whether that will be possible is found out before they are computed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import ConfigError


def require_file_writable(path: Path) -> None:
    """Raise a ConfigError now rather than after a long measurement or training."""
    nearest = next(parent for parent in path.expanduser().absolute().parents if parent.exists())
    if path.is_dir() or not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigError(f"{path} cannot be written.", "Choose another place.")


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write figures through a temporary name, so that a reader never sees half of them.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}.", "Choose another place for the figures.") from error
