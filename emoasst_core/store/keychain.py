"""The system's own keychain: Keychain on macOS, Credential Manager on Windows, Secret Service on Linux."""

from __future__ import annotations

import logging
from typing import Any, Final

SERVICE: Final[str] = "EmoAsst"
MIN_PRIORITY: Final[float] = 1.0  # below it `keyring` offers plain files or nothing

_log = logging.getLogger(__name__)


def read(name: str) -> str | None:
    """What is kept under a name; None if nothing is, or the keychain does not answer."""
    try:
        found: str | None = _backend().get_password(SERVICE, name)
    except Exception as error:  # each system's keychain raises errors of its own kind
        _log.info("the keychain does not answer: %s", error)
        return None
    return found


def write(name: str, secret: str) -> bool:
    """Keep a secret; whether it is there afterwards."""
    try:
        backend = _backend()
        if backend.priority < MIN_PRIORITY:
            return False
        backend.set_password(SERVICE, name, secret)
        return bool(backend.get_password(SERVICE, name) == secret)
    except Exception as error:
        _log.info("the keychain keeps nothing: %s", error)
        return False


def remove(name: str) -> None:
    """Forget a secret; nothing happens where none is kept."""
    try:
        _backend().delete_password(SERVICE, name)
    except Exception as error:
        _log.info("nothing was removed from the keychain: %s", error)


def _backend() -> Any:
    import keyring  # asks the system which keychain it has: only where one is wanted

    return keyring.get_keyring()
