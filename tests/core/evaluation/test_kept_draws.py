from __future__ import annotations

from pathlib import Path

import pytest

from emoasst_core.errors import ConfigError
from emoasst_core.evaluation.kept_draws import KeptDraws

SETTINGS = {"seed": 0, "rates": (1.0, 2.0)}


def test_a_measurement_that_was_stopped_goes_on(tmp_path: Path) -> None:
    first = KeptDraws(tmp_path / "kept", SETTINGS)
    first.keep("faces", 0, {"delay_s": 0.5})
    first.keep("lost", 0, {"delay_s": None})
    again = KeptDraws(tmp_path / "kept", SETTINGS)
    assert again.find("faces", 0) == {"delay_s": 0.5} and again.find("lost", 0) == {"delay_s": None}
    assert again.find("faces", 1) is None


def test_a_line_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    KeptDraws(tmp_path / "kept", SETTINGS).keep("faces", 0, {"delay_s": 0.5})
    with (tmp_path / "kept").open("a") as file:
        file.write('{"part": "faces", "num')
    again = KeptDraws(tmp_path / "kept", SETTINGS)
    again.keep("faces", 1, {"delay_s": 0.75})
    assert KeptDraws(tmp_path / "kept", SETTINGS).find("faces", 1) == {"delay_s": 0.75}


@pytest.mark.parametrize("content", ["", "nonsense\n", '{"part": "faces"}\n', '{"settings": {"seed": 1}}\n'])
def test_results_of_other_settings_are_not_mixed_in(tmp_path: Path, content: str) -> None:
    (tmp_path / "kept").write_text(content)
    with pytest.raises(ConfigError, match="results") as caught:
        KeptDraws(tmp_path / "kept", SETTINGS)
    assert caught.value.next_step


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    kept = KeptDraws(None, SETTINGS)
    kept.keep("faces", 0, {"delay_s": 0.5})
    assert kept.find("faces", 0) == {"delay_s": 0.5} and list(tmp_path.iterdir()) == []


def test_a_draw_is_made_once_and_is_the_same_after_a_stop(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, object]:
        made.append(len(made))
        return {"delay_s": 0.5 + len(made)}

    first = [KeptDraws(tmp_path / "kept.jsonl", {"seed": 0}).draw("faces", number, make) for number in (0, 0, 1)]
    assert first == [{"delay_s": 1.5}, {"delay_s": 1.5}, {"delay_s": 2.5}] and made == [0, 1]
