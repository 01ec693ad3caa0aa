"""What a person sees in real clips, the cues must follow. Skipped where the recordings are absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoasst_core.cli import main


def analyse(clip: Path, out: Path, *options: str) -> dict:
    assert main(["analyze", str(clip), "--out", str(out), *options]) == 0
    return json.loads((out / "timeline.json").read_text("utf-8"))


def shown(timeline: dict) -> list[dict]:
    return [span for span in timeline["spans"] if span["source"] == "shown"]


def test_a_crying_then_laughing_woman_ends_on_joy_and_is_never_joyful_at_first(data_folder: Path, tmp_path: Path):
    timeline = analyse(data_folder / "clips" / "pyfeat_WolfgangLanger_Pexels.mp4", tmp_path / "out")
    third_s = timeline["duration_s"] / 3
    assert shown(timeline)[-1]["emotion"] == "joy"
    assert not [span for span in shown(timeline) if span["emotion"] == "joy" and span["start_s"] < third_s]


def test_a_clip_without_a_face_gives_one_no_face_span_and_no_emotion(data_folder: Path, tmp_path: Path):
    timeline = analyse(data_folder / "clips" / "pyfeat_no_face.mp4", tmp_path / "out")
    assert not [span for span in timeline["spans"] if span["emotion"]]
    assert [span["state"] for span in shown(timeline)] == ["CANT_SEE"]
    assert [span["state"] for span in timeline["spans"] if span["source"] == "face"] == ["CANT_SEE"]


@pytest.mark.parametrize("name", ["grid_bbaf2n.mpg", "grid_lwbsza.mpg", "grid_sbia1a.mpg"])
def test_a_talking_head_gives_words_and_a_voice_reading(data_folder: Path, tmp_path: Path, name: str):
    timeline = analyse(data_folder / "clips" / name, tmp_path / "out")
    assert timeline["words"]
    assert any(span["source"] == "voice" and span["probs"] for span in timeline["spans"])
    assert {span["person"] for span in timeline["spans"] if span["source"] == "face"} == {"person 1"}


def test_a_face_that_leaves_is_said_to_be_gone(data_folder: Path, tmp_path: Path):
    timeline = analyse(data_folder / "clips" / "pyfeat_face_noface.mov", tmp_path / "out")
    assert shown(timeline)[-1]["state"] == "CANT_SEE"
