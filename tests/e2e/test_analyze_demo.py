"""The bundled conversation goes in at the command line; cues, files and a correctable session come out."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import pytest

from emoasst_core.cli import main
from emoasst_core.datatypes import CueState, Source
from emoasst_core.emotions import EMOTIONS
from emoasst_core.paths import database_path, demo_recording
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session, list_sessions
from emoasst_core.store.shots import list_shots

BEGINNING_S = 9.2  # two sentences of the person who is seen, the second one happy


@dataclass(frozen=True)
class Analysed:
    out: Path
    home: Path
    printed: str


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Analysed:
    """The whole conversation, analysed once."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as printed:
        patch.setenv("EMOASST_HOME", str(folder / "home"))
        assert main(["analyze", str(demo_recording()), "--out", str(folder / "out")]) == 0
    return Analysed(folder / "out", folder / "home", printed.getvalue())


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its first seconds, copied packet by packet: enough where not the conversation is what is tested."""
    target = tmp_path_factory.mktemp("beginning") / "conversation.webm"
    with demo_recording().open("rb") as handle, av.open(handle) as film, av.open(str(target), "w") as part:
        streams = {stream.index: part.add_stream_from_template(stream) for stream in film.streams}
        for packet in film.demux():
            if packet.dts is not None and float(packet.pts * packet.time_base) < BEGINNING_S:
                packet.stream = streams[packet.stream.index]
                part.mux(packet)
    return target


def load(out: Path) -> dict:
    return json.loads((out / "timeline.json").read_text("utf-8"))


def test_the_demo_gives_cues_words_and_files(whole: Analysed, output_folder: Path):
    analysed = whole.out
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
    assert str(analysed / "timeline.png") in whole.printed
    assert "Session" in whole.printed
    picture = cv2.imread(str(analysed / "timeline.png"))
    assert picture is not None
    assert picture.shape[1] >= 1000
    (output_folder / "timeline-demo.png").write_bytes((analysed / "timeline.png").read_bytes())
    with open(analysed / "timeline.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(timeline["spans"])


def test_the_session_is_in_the_database_with_its_utterances(whole: Analysed, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EMOASST_HOME", str(whole.home))
    with Database(database_path()) as database:
        record = get_session(database, list_sessions(database)[0].session_id)
    assert record.timeline.as_dict()["spans"] == load(whole.out)["spans"]
    assert [row.number for row in record.utterances] == list(range(1, len(record.utterances) + 1))
    assert any(row.is_speech and row.text for row in record.utterances)
    assert all(row.embeddings for row in record.utterances if row.probs)


def analyse(recording: Path, out: Path) -> SessionRecord:
    """One analysis without words: the session as the database holds it."""
    assert main(["analyze", str(recording), "--out", str(out), "--no-words"]) == 0
    with Database(database_path()) as database:
        return get_session(database, list_sessions(database)[0].session_id)


def test_a_correction_changes_the_next_analysis_at_once(beginning: Path, tmp_path: Path):
    record = analyse(beginning, tmp_path / "first")
    utterance = next(row for row in record.utterances if row.probs and row.emotion is not None)
    wanted = "disgust" if utterance.emotion != "disgust" else "fear"
    arguments = ["--session", record.session_id, "--utterance", str(utterance.number), "--emotion", wanted]
    assert main(["cache", "add", *arguments]) == 0
    again = analyse(beginning, tmp_path / "again")
    with Database(database_path()) as database:
        assert len(list_shots(database)) == 1
    after = next(row for row in again.utterances if row.number == utterance.number)
    assert after.probs[wanted] > utterance.probs[wanted] + 0.2
    assert max(after.probs, key=lambda name: after.probs[name]) == wanted
    assert main(["cache", "rollback"]) == 0
    third = analyse(beginning, tmp_path / "third")
    restored = next(row for row in third.utterances if row.number == utterance.number)
    assert restored.probs[wanted] == pytest.approx(utterance.probs[wanted], abs=1e-3)


def test_json_on_the_command_line_is_only_json(beginning: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["analyze", str(beginning), "--out", str(tmp_path / "o"), "--json", "--no-words"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["spans"]
    assert printed["words"] == []
