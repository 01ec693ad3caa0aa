"""The recovery phrase: sixteen plain words that open the family's data when the computer's own key is gone.

Fifteen words are random, 120 bits in all; the last one checks the others, so that a slip in typing is told from a wrong phrase.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

from argon2.low_level import Type, hash_secret_raw

from emoasst_core.errors import StoreError
from emoasst_core.paths import assets_folder

NUM_WORDS: Final[int] = 16
FILE_NAME: Final[str] = "recovery_words.txt"
TIME_COST: Final[int] = 3
MEMORY_KIB: Final[int] = 65_536
LANES: Final[int] = 4


@functools.lru_cache(maxsize=1)
def word_list() -> tuple[str, ...]:
    """The 256 words, told apart by their first four letters."""
    return tuple((assets_folder() / FILE_NAME).read_text("utf-8").split())


def new_phrase() -> tuple[str, ...]:
    """A fresh phrase, from the system's source of randomness; nothing is kept of it."""
    numbers = secrets.token_bytes(NUM_WORDS - 1)
    return tuple(word_list()[number] for number in (*numbers, _check_number(numbers)))


def words_of(phrase: Sequence[str] | str) -> tuple[str, ...]:
    """The words as they are in the list, from what somebody typed: any case and spacing, four letters are enough.

    Raises:
        StoreError: not sixteen words, an unknown word, or the last word does not fit to the others; says which.
    """
    typed = (phrase if isinstance(phrase, str) else " ".join(phrase)).casefold().replace(",", " ").split()
    if len(typed) != NUM_WORDS:
        raise StoreError(f"A recovery phrase has {NUM_WORDS} words; these are {len(typed)}.", "Type all of them, in their order.")
    known = {word[:4]: number for number, word in enumerate(word_list())}
    numbers = []
    for place, word in enumerate(typed, 1):
        number = known.get(word[:4])
        if number is None or not word_list()[number].startswith(word):
            raise StoreError(f"Word {place}, {word!r}, is in no recovery phrase.", "Check its spelling.")
        numbers.append(number)
    if numbers[-1] != _check_number(bytes(numbers[:-1])):
        raise StoreError("These words are no recovery phrase: one of them is wrong, or two are swapped.", "Compare them again.")
    return tuple(word_list()[number] for number in numbers)


def key_from_phrase(words: Sequence[str], salt: bytes) -> bytes:
    """32 bytes from the words of a phrase; slow on purpose (Argon2id, 64 MiB)."""
    secret = " ".join(words).encode("utf-8")
    return hash_secret_raw(secret, salt, TIME_COST, MEMORY_KIB, LANES, hash_len=32, type=Type.ID)


def _check_number(numbers: bytes) -> int:
    return hashlib.sha256(b"emoasst recovery phrase" + numbers).digest()[0]
