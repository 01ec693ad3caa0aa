from __future__ import annotations

import pytest

from emoasst_core.session.wake_watch import Wake, WakeWatch


@pytest.mark.parametrize(
    ("passed_s", "shown_s", "found"),
    [
        (1.0, 1.0, None),
        (1.2, 0.4, None),  # the clock was corrected by itself
        (1.0, 3600.0, Wake("sleep", 0.0)),  # Linux and macOS: the running time stood still
        (3600.0, 3600.0, Wake("sleep", 3600.0)),  # Windows: it went on
        (1.0, -7200.0, Wake("clock", 0.0)),
    ],
    ids=["awake", "corrected", "asleep", "asleep on Windows", "set back"],
)
def test_two_clocks_tell_sleep_and_a_changed_clock_once(passed_s: float, shown_s: float, found: Wake | None) -> None:
    running, clock = [100.0], [1e9]
    watch = WakeWatch(lambda: running[0], lambda: clock[0])
    assert watch.look() is None
    running[0] += passed_s
    clock[0] += shown_s
    assert watch.look() == found
    running[0] += 1
    clock[0] += 1
    assert watch.look() is None
