from __future__ import annotations

from emoasst_core.commands.live_targets import TARGETS, verdicts

GOOD = {
    "onset_to_cue_s": {"p50": 0.8, "p95": 1.2},
    "changes_not_shown": 0,
    "cores": 1.2,
    "memory_slope_mb_per_h": None,
    "sound": {"lost_s": 0.1},
    "naive": {"ratio": 7.9},
    "window_timer_late_s": None,
}


def test_each_target_is_met_missed_or_not_measured() -> None:
    words = {verdict.target.name: verdict.word for verdict in verdicts(GOOD)}
    assert len(words) == len(TARGETS)
    assert words["onset of a change to its cue, p95"] == words["cores"] == words["changes not shown"] == "met"
    assert words["sound lost"] == words["encoder time saved, times"] == "missed"
    assert words["memory slope"] == words["window timer late, p99"] == words["words to caption, p95"] == "not measured"
