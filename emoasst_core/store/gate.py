"""The adult's PIN in front of starting, people, recordings and settings. It gates actions and never makes a key.

A try is counted before it is checked, so killing the program in between gains nothing. The waiting time is measured in the
machine's running time, never by the clock on the wall: setting that clock changes nothing, and a restart of the machine can
only lengthen the wait. Stop never asks for the PIN.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from emoasst_core.errors import GateError
from emoasst_core.store.audit import note
from emoasst_core.store.columns import Row
from emoasst_core.store.database import Database

MIN_DIGITS: Final[int] = 4
MAX_DIGITS: Final[int] = 12
FREE_TRIES: Final[int] = 4  # a slip of the finger costs nothing
WAITS_S: Final = (30.0, 60.0, 300.0, 900.0, 3600.0, 86400.0)  # after the 5th, 6th ... wrong try; the last for all that follow


class Gate:
    """The PIN kept in one database; belongs to the thread of its `database`.

    Args:
        database: where the hash and the tries are kept.
        running_s: seconds the machine has been running; tests turn it.
    """

    def __init__(self, database: Database, running_s: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._running_s = running_s
        self._hasher = PasswordHasher()  # Argon2id at the library's defaults

    @property
    def is_set(self) -> bool:
        """Whether a PIN has been chosen."""
        return self._row() is not None

    def set_pin(self, pin: str, present_pin: str | None = None) -> None:
        """Choose the PIN, or another one.

        Args:
            pin: 4 to 12 digits.
            present_pin: the one in force; needed where there is one.

        Raises:
            GateError: not digits, or the present PIN is wrong or may not be tried yet.
        """
        check_digits(pin)
        if self.is_set:
            self.check(present_pin or "")
        self._replace(pin)

    def replace_forgotten(self, pin: str, phrase_is_right: Callable[[], bool]) -> None:
        """Choose another PIN without the present one; the recovery phrase stands in for it.

        Raises:
            GateError: the phrase is wrong, or the PIN cannot be used.
        """
        if not phrase_is_right():
            raise GateError("The recovery phrase is not the right one.", "Check the words and their order.")
        check_digits(pin)
        self._replace(pin)

    def check(self, pin: str) -> None:
        """Let an adult through; nothing happens where no PIN has been chosen.

        Raises:
            GateError: the PIN is wrong, or it is too early for another try; nothing was checked in that case.
        """
        with self._database.writing():
            row = self._row()
            if row is None:
                return
            wait_s = self._settle(row)
            if wait_s <= 0:
                num_failed = row["num_failed"] + 1
                self._database.execute(
                    "UPDATE gate SET num_failed = ?, owed_s = ?, seen_s = ?",
                    (num_failed, wait_after(num_failed), self._running_s()),
                )
        if wait_s > 0:  # the block above is saved by now, the waiting time as well as the count
            raise GateError("It is too early for another try.", f"Wait {in_words(wait_s)}. Stop works without the PIN.")
        try:
            self._hasher.verify(row["pin_hash"], pin)
        except VerificationError as error:
            raise self._refusal(num_failed) from error
        with self._database.writing():
            self._database.execute("UPDATE gate SET num_failed = 0, owed_s = 0")

    def wait_s(self) -> float:
        """Seconds until the next try may be made; 0 if now."""
        with self._database.writing():
            row = self._row()
            return 0.0 if row is None else self._settle(row)

    def _row(self) -> Row | None:
        return next(iter(self._database.rows("SELECT * FROM gate")), None)

    def _settle(self, row: Row) -> float:
        """Take the time that has passed off the waiting time, and keep both.

        After a restart the running time starts anew. Where it has come past the old value again, at least the difference has
        really passed; where it has not, nothing is taken off.
        """
        now_s = self._running_s()
        owed_s: float = max(0.0, row["owed_s"] - max(0.0, now_s - row["seen_s"]))
        self._database.execute("UPDATE gate SET owed_s = ?, seen_s = ?", (owed_s, now_s))
        return owed_s

    def _refusal(self, num_failed: int) -> GateError:
        wait_s = wait_after(num_failed)
        if wait_s > 0:
            note(self._database, "wrong PIN", {"tries": num_failed})
        next_step = f"Wait {in_words(wait_s)} before the next try." if wait_s else "Try again."
        return GateError("This PIN is not the right one.", next_step)

    def _replace(self, pin: str) -> None:
        with self._database.writing():
            self._database.execute(
                "INSERT OR REPLACE INTO gate (only_row, pin_hash, num_failed, owed_s, seen_s) VALUES (1, ?, 0, 0, ?)",
                (self._hasher.hash(pin), self._running_s()),
            )
            note(self._database, "PIN chosen")


def check_digits(pin: str) -> None:
    """See that this can be a PIN.

    Raises:
        GateError: not 4 to 12 digits.
    """
    if not (pin.isascii() and pin.isdigit() and MIN_DIGITS <= len(pin) <= MAX_DIGITS):
        raise GateError(f"A PIN has {MIN_DIGITS} to {MAX_DIGITS} digits.", "Choose one that a child will not guess.")


def wait_after(num_failed: int) -> float:
    """Seconds to wait after so many wrong tries in a row."""
    if num_failed <= FREE_TRIES:
        return 0.0
    return WAITS_S[min(num_failed - FREE_TRIES, len(WAITS_S)) - 1]


def in_words(wait_s: float) -> str:
    """A waiting time as people say it, rounded up."""
    for unit_s, unit in ((3600, "hours"), (60, "minutes")):
        if wait_s > unit_s:
            return f"{-int(-wait_s // unit_s)} {unit}"
    return f"{-int(-wait_s // 1)} seconds"
