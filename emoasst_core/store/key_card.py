"""What is written down about the master key: where it is, how to tell it, and itself wrapped under the recovery phrase.

The card holds no secret that opens anything without the phrase. A second copy of it lies beside it, and each backup has one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emoasst_core.atomic_file import sync_folder, write_atomically
from emoasst_core.errors import KeyLostError, StoreError
from emoasst_core.store.recovery_phrase import key_from_phrase

CARD_FILE: Final[str] = "keys.json"
COPY_FILE: Final[str] = "keys.copy.json"
KEY_BYTES: Final[int] = 32
PLACES: Final = ("keychain", "file")


@dataclass(frozen=True, slots=True)
class KeyCard:
    """One master key, described.

    Attributes:
        check: hex; tells the right key from any other, and tells nothing else about it.
        place: "keychain" or "file".
        salt, wrapped: hex; the key under the recovery phrase, empty until one has been confirmed.
    """

    check: str
    place: str
    salt: str = ""
    wrapped: str = ""

    @property
    def key_id(self) -> bytes:
        """(4,) bytes that stand at the head of each database written with this key."""
        return bytes.fromhex(self.check)[:4]


def derived(master: bytes, purpose: str) -> bytes:
    """(32,) bytes for one purpose only, from the master key."""
    return hmac.new(master, purpose.encode("utf-8"), hashlib.sha256).digest()


def check_of(master: bytes) -> str:
    """What a card says to tell this key by."""
    return derived(master, "check")[:16].hex()


def with_phrase(card: KeyCard, master: bytes, words: tuple[str, ...]) -> KeyCard:
    """The card with the key wrapped under another phrase."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # not needed to open a database

    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    wrapped = AESGCM(key_from_phrase(words, salt)).encrypt(nonce, master, bytes.fromhex(card.check))
    return replace(card, salt=salt.hex(), wrapped=(nonce + wrapped).hex())


def master_from_phrase(card: KeyCard, words: tuple[str, ...]) -> bytes | None:
    """The key that a phrase opens; None if the phrase is another one, or none was ever confirmed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not card.wrapped:
        return None
    wrapped = bytes.fromhex(card.wrapped)
    try:
        master = AESGCM(key_from_phrase(words, bytes.fromhex(card.salt))).decrypt(
            wrapped[:12], wrapped[12:], bytes.fromhex(card.check)
        )
    except InvalidTag:
        return None
    return master if check_of(master) == card.check else None


def read_card(home: Path) -> KeyCard | None:
    """The card of a home, from either copy; None if neither is there.

    Raises:
        KeyLostError: both copies are damaged.
    """
    is_damaged = False
    for name in (CARD_FILE, COPY_FILE):
        try:
            return parse_card((home / name).read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, StoreError):
            is_damaged = True
    if is_damaged:
        raise KeyLostError(f"{home / CARD_FILE} is damaged, and so is its copy.", "Put both back from a backup.")
    return None


def parse_card(data: bytes) -> KeyCard:
    """A card from its bytes.

    Raises:
        StoreError: they are no card.
    """
    try:
        values = json.loads(data)
        card = KeyCard(*(str(values[name]) for name in ("check", "place", "salt", "wrapped")))
        for text in (card.check, card.salt, card.wrapped):
            bytes.fromhex(text)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{CARD_FILE} is damaged.", "Put it back from a backup.") from error
    if card.place not in PLACES or len(card.check) != 32:
        raise StoreError(f"{CARD_FILE} is damaged.", "Put it back from a backup.")
    return card


def card_bytes(card: KeyCard) -> bytes:
    """A card as it is written."""
    values = {"format": 1, "check": card.check, "place": card.place, "salt": card.salt, "wrapped": card.wrapped}
    return (json.dumps(values, indent=1) + "\n").encode("utf-8")


def write_card(home: Path, card: KeyCard) -> None:
    """Replace the card and its copy; each is old or new, never half."""
    for name in (CARD_FILE, COPY_FILE):
        write_atomically(home / name, card_bytes(card))


def write_if_absent(path: Path, data: bytes) -> bool:
    """Make a file that only its owner can read, whole or not at all; False where another process was first.

    Raises:
        StoreError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
        sync_folder(path.parent)  # a key whose name is lost in a power cut is a lost key
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.", "Check the folder and the space on the disk.") from error
    finally:
        partial.unlink(missing_ok=True)
    return True
