"""Recordings that cannot be used, and odd ones that can: a clear message or a right result, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoasst_core.cli import main
from emoasst_core.paths import database_path
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import list_sessions
from tests import media


def text_as_mp4(path: Path) -> Path:
    path.write_text("this is no film")
    return path


def empty_sound(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def header_only_sound(path: Path) -> Path:
    import wave

    with wave.open(str(path), "wb") as handle:
        handle.setnchannels(1)
        handle.setsampwidth(2)
        handle.setframerate(16000)
    return path


def headless(path: Path) -> Path:
    media.talking_ramp(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    return path


UNUSABLE = {
    "missing.mp4": lambda path: path,
    "text.mp4": text_as_mp4,
    "empty.wav": empty_sound,
    "header.wav": header_only_sound,
    "truncated.mp4": headless,
}
USABLE = {
    "silent.mkv": media.silent_clip,
    "tone.wav": media.sound_only,
    "one.mkv": media.one_frame,
    "odd.mkv": media.odd_sizes,
    "eight.wav": media.eight_channels,
    "turned.mp4": lambda path: media.rotated(path, 90),
    "variable.mkv": lambda path: media.variable_rate(path, [0.0, 0.1, 0.15, 0.9, 1.0, 2.2]),
    "both.mkv": media.talking_ramp,
}


def num_sessions() -> int:
    if not database_path().exists():
        return 0
    with Database(database_path()) as database:
        return len(list_sessions(database))


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_recording_is_refused_with_a_message(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = UNUSABLE[name](tmp_path / name)
    assert main(["analyze", str(path), "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    assert "emoasst: " in printed.err
    assert name in printed.err
    assert not (tmp_path / "out").exists()
    assert num_sessions() == 0


@pytest.mark.parametrize("name", USABLE)
def test_an_odd_recording_gives_an_honest_session(name: str, tmp_path: Path):
    path = USABLE[name](tmp_path / name)
    out = tmp_path / "out"
    assert main(["analyze", str(path), "--out", str(out)]) == 0
    timeline = json.loads((out / "timeline.json").read_text("utf-8"))
    assert timeline["duration_s"] >= 0
    assert not [span for span in timeline["spans"] if span["emotion"]]
    assert timeline["words"] == []
    assert sorted(path.name for path in out.iterdir()) == ["timeline.csv", "timeline.json", "timeline.png"]
    assert num_sessions() == 1


def test_a_name_that_is_too_long_is_refused_with_a_message(capsys: pytest.CaptureFixture[str]):
    assert main(["analyze", "y" * 5000, "--no-words"]) == 2
    printed = capsys.readouterr()
    assert "cannot be opened" in printed.err and "Traceback" not in printed.err
    assert num_sessions() == 0


def test_a_folder_that_cannot_be_written_leaves_no_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    recording = media.silent_clip(tmp_path / "clip.mkv")
    (tmp_path / "file").write_text("in the way")
    assert main(["analyze", str(recording), "--out", str(tmp_path / "file" / "out")]) == 1
    assert "--out" in capsys.readouterr().err
    assert num_sessions() == 0


def test_an_unknown_profile_is_named_with_those_that_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    recording = media.silent_clip(tmp_path / "clip.mkv")
    assert main(["analyze", str(recording), "--profile", "nobody"]) == 2
    assert "starter" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["analyze", "app", "bench", "cache", "eval", "export", "models", "train"])
def test_every_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"emoasst {command}" in capsys.readouterr().out
