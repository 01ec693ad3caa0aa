"""A keychain for tests: a real backend of the `keyring` library that keeps its secrets in a file of JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

PLACE = "EMOASST_TEST_KEYRING"  # the file; beside it ".locked" makes it refuse all, ".full" refuse new secrets


class FileKeyring(KeyringBackend):
    priority = 5

    def get_password(self, service, username):
        return self._read().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        if Path(os.environ[PLACE]).with_suffix(".full").exists():
            raise PasswordSetError("no room")
        self._write({**self._read(), f"{service}/{username}": password})

    def delete_password(self, service, username):
        kept = self._read()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("nothing there")
        self._write(kept)

    def _read(self):
        path = Path(os.environ[PLACE])
        if path.with_suffix(".locked").exists():
            raise KeyringLocked("the keychain is locked")
        return json.loads(path.read_text()) if path.exists() else {}

    def _write(self, kept):
        Path(os.environ[PLACE]).write_text(json.dumps(kept))
