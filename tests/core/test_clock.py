from __future__ import annotations

import time

import pytest

from emoasst_core.clock import SessionClock


def test_a_session_starts_at_zero_and_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SessionClock()
    readings = [clock.now_s()]
    monkeypatch.setattr(time, "time", lambda: -1e9)  # somebody sets the wall clock back
    readings += [clock.now_s() for _ in range(100)]

    assert readings[0] >= 0
    assert readings == sorted(readings)
