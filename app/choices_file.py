"""The file that choices are kept in, so that a slow disk never holds up the window and a killed program forgets nothing.

A change is first noted beside the file: handed to the system, which keeps it whatever becomes of the program, but not forced to
the disk. Then, on another thread, the file itself is written anew and forced to the disk, and the note goes. A note torn by a
power cut does not match its own sum and is left out: the file as it was before counts then.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import StoreError

_log = logging.getLogger(__name__)


class ChoicesFile:
    """Names and values; safe to note in one thread and save in another.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.note_path = path, path.with_name(f"{path.name}.newest")
        self._lock = threading.Lock()
        self._noted = b""

    def read(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """What was kept last, each value in the type of its default."""
        settings = QSettings(str(self.path), QSettings.Format.IniFormat)
        kept = {name: settings.value(name, default, type(default)) for name, default in defaults.items()}
        noted = self._read_note()
        for name, default in defaults.items():
            if isinstance(noted.get(name), type(default)):
                kept[name] = noted[name]
        return kept

    @property
    def has_note(self) -> bool:
        """Whether something is not in the file yet."""
        return self.note_path.exists()

    def note(self, values: Mapping[str, Any]) -> None:
        """Keep these beside the file; returns at once on any disk."""
        data = _with_sum(values)
        partial = self.note_path.with_name(f"{self.note_path.name}.partial")
        try:
            with self._lock:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                partial.write_bytes(data)
                partial.replace(self.note_path)
                self._noted = data
        except OSError as error:
            _log.warning("a choice could not be noted: %s", error)

    def save(self, values: Mapping[str, Any]) -> None:
        """Write the file anew and force it to the disk: blocks, so call it off the window's thread.

        Raises:
            StoreError: the folder or the disk refuses; the note stays.
        """
        try:
            with replacing(self.path) as partial:
                settings = QSettings(str(partial), QSettings.Format.IniFormat)
                for name, value in values.items():
                    settings.setValue(name, value)
                settings.sync()
            with self._lock:
                if self._noted in (b"", _with_sum(values)):
                    self.note_path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written: {error.strerror}.", "Check the folder, or free some space."
            ) from error

    def _read_note(self) -> dict[str, Any]:
        try:
            data = self.note_path.read_bytes()
            values = json.loads(data.partition(b" ")[2])
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) and _with_sum(values) == data else {}


def _with_sum(values: Mapping[str, Any]) -> bytes:
    text = json.dumps(dict(values), sort_keys=True).encode("ascii")
    return hashlib.sha256(text).hexdigest().encode("ascii") + b" " + text
