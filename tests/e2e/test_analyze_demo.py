"""The bundled conversation goes in at the command line; cues, files and a correctable session come out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import pytest

from emoasst_core.cli import main
from emoasst_core.commands.bench import demo_recording
from emoasst_core.datatypes import CueState, Source
from emoasst_core.emotions import EMOTIONS
from emoasst_core.paths import database_path
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions
from emoasst_core.store.shots import list_shots


@pytest.fixture
def analysed(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    assert main(["analyze", str(demo_recording()), "--out", str(out)]) == 0
    return out


def load(out: Path) -> dict:
    return json.loads((out / "timeline.json").read_text("utf-8"))


def test_the_demo_gives_cues_words_and_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], output_folder: Path):
    analysed = tmp_path / "out"
    assert main(["analyze", str(demo_recording()), "--out", str(analysed)]) == 0
    timeline = load(analysed)
    assert {"recording", "duration_s", "spans", "words"} <= set(timeline)
    for span in timeline["spans"]:
        assert set(span) == {"start_s", "end_s", "person", "source", "state", "emotion", "probs"}
        assert 0 <= span["start_s"] < span["end_s"] <= timeline["duration_s"] + 0.1
        assert span["source"] in {source.value for source in Source}
        assert span["state"] in {state.value for state in CueState}
        assert (span["emotion"] in EMOTIONS) == (span["state"] in ("CLEAR", "MAYBE"))
        assert not span["probs"] or abs(sum(span["probs"].values()) - 1) < 0.01
    shown = [span for span in timeline["spans"] if span["source"] == "shown"]
    assert {"joy", "surprise"} & {span["emotion"] for span in shown}
    assert any(span["state"] == "CANT_SEE" for span in shown)
    assert {span["source"] for span in timeline["spans"]} >= {"face", "voice", "fused", "shown"}
    assert timeline["words"]
    printed = capsys.readouterr()
    assert str(analysed / "timeline.png") in printed.out
    assert "Session" in printed.out
    picture = cv2.imread(str(analysed / "timeline.png"))
    assert picture is not None
    assert picture.shape[1] >= 1000
    (output_folder / "timeline-demo.png").write_bytes((analysed / "timeline.png").read_bytes())
    with open(analysed / "timeline.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(timeline["spans"])


def test_the_session_is_in_the_database_with_its_utterances(analysed: Path):
    with Database(database_path()) as database:
        record = get_session(database, list_sessions(database)[0].session_id)
    assert record.timeline.as_dict()["spans"] == load(analysed)["spans"]
    assert [row.number for row in record.utterances] == list(range(1, len(record.utterances) + 1))
    assert any(row.is_speech and row.text for row in record.utterances)
    assert all(row.embeddings for row in record.utterances if row.probs)


def test_a_correction_changes_the_next_analysis_at_once(analysed: Path, tmp_path: Path):
    with Database(database_path()) as database:
        session_id = list_sessions(database)[0].session_id
        record = get_session(database, session_id)
    utterance = next(row for row in record.utterances if row.probs and row.emotion is not None)
    wanted = "disgust" if utterance.emotion != "disgust" else "fear"
    arguments = ["--session", session_id, "--utterance", str(utterance.number), "--emotion", wanted]
    assert main(["cache", "add", *arguments]) == 0
    assert main(["analyze", str(demo_recording()), "--out", str(tmp_path / "again")]) == 0
    with Database(database_path()) as database:
        assert len(list_shots(database)) == 1
        again = get_session(database, list_sessions(database)[0].session_id)
    after = next(row for row in again.utterances if row.number == utterance.number)
    assert after.probs[wanted] > utterance.probs[wanted] + 0.2
    assert max(after.probs, key=lambda name: after.probs[name]) == wanted
    assert main(["cache", "rollback"]) == 0
    assert main(["analyze", str(demo_recording()), "--out", str(tmp_path / "third")]) == 0
    with Database(database_path()) as database:
        third = get_session(database, list_sessions(database)[0].session_id)
    restored = next(row for row in third.utterances if row.number == utterance.number)
    assert restored.probs[wanted] == pytest.approx(utterance.probs[wanted], abs=1e-3)


def test_json_on_the_command_line_is_only_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["analyze", str(demo_recording()), "--out", str(tmp_path / "o"), "--json", "--no-words"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["spans"]
    assert printed["words"] == []
