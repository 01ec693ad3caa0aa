from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from emoasst_core.errors import GateError
from emoasst_core.store.audit import audit_log, first_broken_line, note
from emoasst_core.store.database import Database
from emoasst_core.store.gate import FREE_TRIES, Gate, in_words, wait_after
from emoasst_core.store.lock import IDLE_S, MISSED_S, SLEPT_S, Lock


class Machine:
    """Running time that a test can turn."""

    def __init__(self) -> None:
        self.running_s = 1000.0

    def __call__(self) -> float:
        return self.running_s


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "emoasst_core.store.gate.PasswordHasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    )


@pytest.fixture
def gate(database: Database, machine: Machine) -> Gate:
    gate = Gate(database, machine)
    gate.set_pin("2468")
    return gate


def test_no_pin_lets_everybody_through_and_the_right_one_an_adult(database: Database) -> None:
    gate = Gate(database)
    gate.check("")
    assert not gate.is_set
    gate.set_pin("2468")
    assert gate.is_set
    gate.check("2468")
    with pytest.raises(GateError, match="not the right one"):
        gate.check("2469")


def test_the_hash_is_argon2id_and_the_pin_is_not_in_the_row(database: Database, gate: Gate) -> None:
    (row,) = database.rows("SELECT * FROM gate")
    assert row["pin_hash"].startswith("$argon2id$")
    assert "2468" not in row["pin_hash"]


@pytest.mark.parametrize("pin", ["", "123", "12a4", "1234567890123", "١٢٣٤", " 1234"])
def test_what_is_no_pin_is_refused(database: Database, pin: str) -> None:
    with pytest.raises(GateError, match="4 to 12 digits"):
        Gate(database).set_pin(pin)


def test_another_pin_needs_the_present_one_or_the_recovery_phrase(gate: Gate) -> None:
    with pytest.raises(GateError, match="not the right one"):
        gate.set_pin("1357")
    gate.set_pin("1357", "2468")
    gate.check("1357")
    with pytest.raises(GateError, match="recovery phrase"):
        gate.replace_forgotten("9999", lambda: False)
    gate.replace_forgotten("9999", lambda: True)
    gate.check("9999")


def test_too_early_a_try_is_not_checked_even_if_it_is_right(gate: Gate, machine: Machine) -> None:
    for _ in range(FREE_TRIES + 1):
        with pytest.raises(GateError):
            gate.check("0000")
    with pytest.raises(GateError, match=r"too early.*Stop works without"):
        gate.check("2468")
    machine.running_s += wait_after(FREE_TRIES + 1)
    gate.check("2468")
    assert gate.wait_s() == 0


def test_waits_grow_and_a_right_try_ends_them(gate: Gate, machine: Machine) -> None:
    waits = [wait_after(number) for number in range(1, 20)]
    assert waits == sorted(waits)
    assert waits[FREE_TRIES - 1] == 0 < waits[FREE_TRIES]
    for _ in range(FREE_TRIES + 3):
        machine.running_s += gate.wait_s()
        with pytest.raises(GateError):
            gate.check("0000")
    assert gate.wait_s() == wait_after(FREE_TRIES + 3)
    machine.running_s += gate.wait_s()
    gate.check("2468")
    with pytest.raises(GateError, match="Try again"):
        gate.check("0000")


def test_restarts_of_program_and_machine_never_shorten_the_wait(path: Path, machine: Machine) -> None:
    with Database(path) as database:
        Gate(database, machine).set_pin("2468")
    for _ in range(FREE_TRIES + 2):
        with Database(path) as database:
            gate = Gate(database, machine)
            machine.running_s += gate.wait_s()
            with pytest.raises(GateError):
                gate.check("0000")
    owed_s = wait_after(FREE_TRIES + 2)
    for running_s in (0.0, 10.0, 5.0):  # a machine that was started anew, twice
        machine.running_s = running_s
        with Database(path) as database:
            owed_s -= 10.0 if running_s == 10.0 else 0.0
            assert Gate(database, machine).wait_s() == owed_s


def test_of_a_thousand_tries_with_restarts_and_any_clock_at_most_ten_are_checked(
    path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(path) as database:
        Gate(database, machine).set_pin("2468")
    num_checked = 0
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

    class Counting:
        def verify(self, pin_hash: str, pin: str) -> bool:
            nonlocal num_checked
            num_checked += 1
            return hasher.verify(pin_hash, pin)

    monkeypatch.setattr("emoasst_core.store.gate.PasswordHasher", Counting)
    clocks_s = itertools.cycle([0.0, 4e9, 1.8e9])
    for number in range(1000):
        monkeypatch.setattr("time.time", lambda: next(clocks_s))
        machine.running_s = 0.1 * (number % 40)  # started anew every 40 tries
        with Database(path) as database, pytest.raises(GateError):
            Gate(database, machine).check(f"{number:04d}")
    assert FREE_TRIES < num_checked <= 10  # about 100 s of running time in all, so the first waits really do pass


def test_a_try_counts_even_if_the_program_dies_while_checking(
    path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(path) as database:
        Gate(database, machine).set_pin("2468")

    class Dying:
        def verify(self, *_: str) -> bool:
            raise SystemExit

    monkeypatch.setattr("emoasst_core.store.gate.PasswordHasher", Dying)
    for _ in range(FREE_TRIES + 1):
        with Database(path) as database, pytest.raises(SystemExit):
            Gate(database, machine).check("2468")
    with Database(path) as database, pytest.raises(GateError, match="too early"):
        Gate(database, machine).check("2468")


def test_waits_are_said_as_people_say_them() -> None:
    assert [in_words(wait_s) for wait_s in (0.2, 30, 61, 300, 3601, 86400)] == [
        "1 seconds", "30 seconds", "2 minutes", "5 minutes", "2 hours", "24 hours",
    ]  # fmt: skip


def test_the_lock_closes_when_idle_after_sleep_after_a_session_and_when_asked() -> None:
    lock = Lock()
    assert (lock.is_locked, lock.reason) == (True, "start")

    def opened() -> Lock:
        lock.open(100.0)
        lock.tick(100.0, 5000.0)
        assert not lock.is_locked
        return lock

    assert not opened().tick(100.0 + MISSED_S - 1, 5000.0 + MISSED_S - 1)
    assert opened().tick(101.0, 5001.0 + SLEPT_S + 1)
    assert lock.reason == "sleep"
    assert opened().tick(101.0, 4000.0)  # a clock set back
    assert opened().tick(102.0 + MISSED_S, 5002.0 + MISSED_S)
    opened().session_over()
    assert lock.reason == "session over"
    opened().lock()
    assert lock.reason == "asked"


def test_use_keeps_the_lock_open() -> None:
    lock = Lock()
    lock.open(0.0)
    for second in range(int(2 * IDLE_S)):
        lock.used(float(second))
        assert not lock.tick(float(second), float(second))
    changes = [lock.tick(2 * IDLE_S + second, 2 * IDLE_S + second) for second in range(int(IDLE_S) + 2)]
    assert changes.count(True) == 1
    assert lock.reason == "idle"


def test_a_line_changed_removed_or_put_in_breaks_the_audit_chain(database: Database) -> None:
    for number in range(5):
        note(database, "did something", {"count": number})
    assert [line.detail for line in audit_log(database)] == [{"count": number} for number in range(5)]
    assert first_broken_line(database) is None
    for statement in ("UPDATE audit SET action = 'nothing' WHERE number = 3", "DELETE FROM audit WHERE number = 3"):
        with pytest.raises(Exception, match="never"):
            database.execute(statement)
        with pytest.raises(ZeroDivisionError), database.writing():
            database.execute("DROP TRIGGER audit_is_never_changed")
            database.execute("DROP TRIGGER audit_is_never_cut")
            database.execute(statement)
            assert first_broken_line(database) == 3
            raise ZeroDivisionError
    assert first_broken_line(database) is None
