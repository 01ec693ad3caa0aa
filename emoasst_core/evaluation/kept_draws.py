"""What each draw of a long measurement gave, in a file: one that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emoasst_core.errors import ConfigError


class KeptDraws:
    """One line of JSON a draw, the settings in the first line.

    Args:
        path: the file; None keeps nothing.
        settings: all that the draws depend on, as JSON knows it.

    Raises:
        ConfigError: the file holds draws of other settings, or something else.
    """

    def __init__(self, path: Path | None, settings: Mapping[str, Any]) -> None:
        self._path = path
        self._draws: dict[tuple[str, int], dict[str, Any]] = {}
        if path is None:
            return
        if path.exists():
            self._read(path, settings)
        else:
            self._append({"settings": settings})

    def draw(self, part: str, number: int, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What draw `number` of a part gave before; made and kept where it is new.

        Raises:
            ConfigError: the file cannot be written.
        """
        found = self.find(part, number)
        if found is None:
            found = make()
            self.keep(part, number, found)
        return found

    def find(self, part: str, number: int) -> dict[str, Any] | None:
        """What draw `number` of a part gave; None where it is still to be made."""
        return self._draws.get((part, number))

    def keep(self, part: str, number: int, values: dict[str, Any]) -> None:
        """Write a draw down at once.

        Raises:
            ConfigError: the file cannot be written.
        """
        self._draws[(part, number)] = values
        if self._path is not None:
            self._append({"part": part, "number": number, **values})

    def _read(self, path: Path, settings: Mapping[str, Any]) -> None:
        choose = "Choose another file for the results, or delete this one."
        try:
            lines = path.read_text("utf-8").splitlines()
            rows = [json.loads(line) for line in lines if line.endswith("}")]  # the last one may be cut short
            kept = rows[0]["settings"]
            for row in rows[1:]:
                self._draws[(row.pop("part"), row.pop("number"))] = row
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ConfigError(f"{path} holds no results that can be gone on with ({error}).", choose) from error
        if kept != json.loads(json.dumps(settings)):
            raise ConfigError(f"{path} holds the results of other settings.", choose)
        if lines and not lines[-1].endswith("}"):
            path.write_text("".join(f"{line}\n" for line in lines[:-1]), "utf-8")

    def _append(self, row: Mapping[str, Any]) -> None:
        assert self._path is not None
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise ConfigError(f"{self._path} cannot be written: {error}.", "Choose another place for the results.") from error
