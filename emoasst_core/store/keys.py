"""The master key of this person's EmoAsst: random, in the system's keychain, and wrapped under the recovery phrase.

Where the system has no keychain the key lies in a file that only its owner can read. No key is ever made where data of an
earlier one is found: what cannot be opened stays as it is until the right key comes back.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from emoasst_core import paths
from emoasst_core.errors import KeyLostError, StoreError
from emoasst_core.store import keychain
from emoasst_core.store.key_card import (
    CARD_FILE,
    KEY_BYTES,
    KeyCard,
    card_bytes,
    check_of,
    master_from_phrase,
    read_card,
    with_phrase,
    write_card,
    write_if_absent,
)
from emoasst_core.store.recovery_phrase import new_phrase as new_phrase
from emoasst_core.store.recovery_phrase import words_of

PLACE_VARIABLE: Final[str] = "EMOASST_KEYS"  # "keychain" or "file"; else the keychain where there is one
FILE_VARIABLE: Final[str] = "EMOASST_KEY_FILE"  # another place for the key file, such as a stick
KEY_FILE: Final[str] = "master.key"
HEAD: Final[bytes] = b"EmoA"  # the first bytes of every database we encrypt; the key's id follows

_opened: dict[str, bytes] = {}  # masters by their check, so that the keychain is asked once per process


class Keys:
    """The key that belongs to one home folder.

    Args:
        home: None for this person's.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or paths.home()

    @property
    def key_file(self) -> Path:
        """Where the key lies if it lies in a file."""
        override = os.environ.get(FILE_VARIABLE)
        return Path(override).expanduser() if override else self.home / KEY_FILE

    @property
    def place(self) -> str:
        """Where the key is, in words."""
        card = self._card()
        if card.place == "keychain":
            return "in this computer's keychain"
        return f"in the file {self.key_file}"

    @property
    def warning(self) -> str:
        """What to know about a key that lies in a file; empty if it is in the keychain."""
        if self._card().place == "keychain":
            return ""
        return f"The key lies in the file {self.key_file}: whoever can read that file can open the data beside it."

    @property
    def needs_phrase(self) -> bool:
        """Whether no recovery phrase has been confirmed yet."""
        return not self._card().wrapped

    def card(self) -> KeyCard:
        """The description of the key, made with the key where there is none yet.

        Raises:
            KeyLostError: there is data of a key that is not here.
        """
        return self._card()

    def master(self) -> bytes:
        """The key itself, 32 bytes; made at the first call.

        Raises:
            KeyLostError: it is not where it should be; the recovery phrase brings it back.
        """
        card = self._card()
        master = _opened.get(card.check) or self._fetch(card)
        if master is None:
            where = "this computer's keychain" if card.place == "keychain" else str(self.key_file)
            raise KeyLostError(
                f"The key to the family's data is not in {where}. Nothing has been changed.",
                "Type the recovery phrase in the window, or use `emoasst keys recover`.",
            )
        _opened[card.check] = master
        return master

    def set_phrase(self, phrase: Sequence[str] | str) -> None:
        """Wrap the key under a phrase that somebody has written down and typed back; an earlier phrase no longer opens it.

        Raises:
            StoreError: these are not the words of a phrase.
        """
        words = words_of(phrase)
        write_card(self.home, with_phrase(self._card(), self.master(), words))

    def check_phrase(self, phrase: Sequence[str] | str) -> bool:
        """Whether this is the phrase in force."""
        try:
            return master_from_phrase(self._card(), words_of(phrase)) is not None
        except KeyLostError:
            raise
        except StoreError:
            return False

    def unlock_with_phrase(self, phrase: Sequence[str] | str) -> None:
        """Bring the key back to the keychain, or to a key file where there is none.

        Raises:
            KeyLostError: the phrase is another one; nothing was changed.
            StoreError: these are not the words of a phrase, or the key cannot be written.
        """
        card = self._card()
        master = master_from_phrase(card, words_of(phrase))
        if master is None:
            raise KeyLostError("This recovery phrase does not open the family's data.", "Check that it is the latest one.")
        place = wanted_place()
        if place != "file" and keychain.write(card.check, master.hex()):
            place = "keychain"
        else:
            place = "file"
            if self.key_file.exists():  # another key, or damaged: whoever needs it still finds it
                self.key_file.replace(self.key_file.with_name(f"{self.key_file.name}.{secrets.token_hex(4)}.other"))
            write_if_absent(self.key_file, key_text(master))
        write_card(self.home, KeyCard(card.check, place, card.salt, card.wrapped))
        _opened[card.check] = master

    def move_to_file(self) -> None:
        """Put the key in the key file, for good."""
        card, master = self._card(), self.master()
        if card.place == "keychain":
            write_if_absent(self.key_file, key_text(master))
            write_card(self.home, KeyCard(card.check, "file", card.salt, card.wrapped))
            keychain.remove(card.check)

    def destroy(self) -> None:
        """Drop the key: everything encrypted under it is lost, on every disk and in every backup without its phrase."""
        card = read_card(self.home)
        if card is not None:
            keychain.remove(card.check)
            _opened.pop(card.check, None)
        for path in (self.key_file, *(self.home / name for name in (CARD_FILE, "keys.copy.json"))):
            path.unlink(missing_ok=True)

    def _card(self) -> KeyCard:
        card = read_card(self.home)
        if card is not None:
            return card
        if self.key_file.exists():  # both copies of the card are gone, the key is not; the phrase has to be set again
            master = self._from_file()
            if master is not None:
                write_card(self.home, KeyCard(check_of(master), "file"))
                return KeyCard(check_of(master), "file")
        if has_encrypted_data(self.home):
            raise KeyLostError(
                f"{self.home / CARD_FILE} is missing, which belongs to the data there. Nothing has been changed.",
                "Put it back from a backup: `emoasst data restore`.",
            )
        return self._make()

    def _make(self) -> KeyCard:
        master = secrets.token_bytes(KEY_BYTES)
        check = check_of(master)
        if wanted_place() != "file" and keychain.write(check, master.hex()):
            if not write_if_absent(self.home / CARD_FILE, card_bytes(KeyCard(check, "keychain"))):
                keychain.remove(check)  # another process was quicker
        else:
            write_if_absent(self.key_file, key_text(master))
            kept = self._from_file()  # ours, or the quicker process's
            if kept is None:
                raise KeyLostError(f"{self.key_file} is no key.", "Put the right file there, or move it away.")
            write_if_absent(self.home / CARD_FILE, card_bytes(KeyCard(check_of(kept), "file")))
        card = read_card(self.home)
        if card is None:
            raise StoreError(f"{self.home / CARD_FILE} cannot be read.", "Check the folder.")
        write_if_absent(self.home / "keys.copy.json", card_bytes(card))
        return card

    def _fetch(self, card: KeyCard) -> bytes | None:
        found = self._from_file() if card.place == "file" else None
        if card.place == "keychain" and (text := keychain.read(card.check)) is not None:
            try:
                found = bytes.fromhex(text)
            except ValueError:
                found = None
        return found if found is not None and check_of(found) == card.check else None

    def _from_file(self) -> bytes | None:
        try:
            word, text = self.key_file.read_text("ascii").split()
            master = bytes.fromhex(text)
        except (OSError, ValueError):
            return None
        return master if word == "emoasst-key-1" and len(master) == KEY_BYTES else None


def wanted_place() -> str:
    """What the environment asks for: "keychain", "file", or "" for the keychain where there is one.

    Raises:
        StoreError: something else.
    """
    place = os.environ.get(PLACE_VARIABLE, "")
    if place not in ("", "keychain", "file"):
        raise StoreError(f"{PLACE_VARIABLE} is {place!r}.", 'Set it to "keychain" or "file", or not at all.')
    return place


def key_text(master: bytes) -> bytes:
    """A key as its file holds it."""
    return f"emoasst-key-1 {master.hex()}\n".encode("ascii")


def has_encrypted_data(home: Path) -> bool:
    """Whether a home holds anything that was encrypted."""
    database = home / paths.database_path().name
    try:
        with database.open("rb") as handle:
            if handle.read(len(HEAD)) == HEAD:
                return True
    except OSError:
        pass
    return any((home / "recordings").glob("*/*"))
