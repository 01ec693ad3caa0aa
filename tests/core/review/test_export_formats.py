from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from pathlib import Path

import pytest

from emoasst_core.datatypes import Timeline
from emoasst_core.errors import StoreError
from emoasst_core.review.export import COLUMNS, FORMATS, csv_text, export_session, json_text, webvtt_text
from emoasst_core.review.relabel import relabel
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session


def rows_of(record: SessionRecord) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(record), newline="")))


def as_bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def test_the_table_has_the_documented_columns_and_a_row_per_span_and_answer(database: Database) -> None:
    relabel(database, "evening", 1, "surprise")
    rows = rows_of(get_session(database, "evening"))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 7 + 1
    assert rows[0] == {
        "session": "evening",
        "start": "0",
        "end": "2",
        "person": "person 1",
        "source": "face",
        "label": "joy",
        "state": "CLEAR",
        "p_top": "0.61",
        "p_second": "0.25",
        "shown": "joy",
        "labeller": "model",
        "version": "starter aaaaaaaaaaaa",
    }
    (answer,) = [row for row in rows if row["source"] == "parent"]
    assert (answer["start"], answer["label"], answer["shown"], answer["labeller"]) == ("0.5", "surprise", "joy", "parent")
    assert (answer["state"], answer["p_top"], answer["p_second"]) == ("", "", "")


def test_rows_are_in_order_of_time(record: SessionRecord) -> None:
    starts = [float(row["start"]) for row in rows_of(record)]
    assert starts == sorted(starts)


def test_what_was_shown_is_the_cue_with_the_longest_overlap(record: SessionRecord) -> None:
    shown = {(row["start"], row["source"]): row["shown"] for row in rows_of(record)}
    assert shown[("1", "face")] == "joy"  # 1.6 s of joy against 0.4 s of unsure
    assert shown[("3", "face")] == "UNSURE"
    assert shown[("4", "shown")] == "maybe sadness"
    silent = dataclasses.replace(record, timeline=dataclasses.replace(record.timeline, spans=record.timeline.spans[:4]))
    assert {row["shown"] for row in rows_of(silent)} == {""}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(record: SessionRecord, text: str) -> None:
    span = dataclasses.replace(record.timeline.spans[0], person=text)
    record = dataclasses.replace(record, session_id=text, timeline=dataclasses.replace(record.timeline, spans=(span,)))
    (row,) = rows_of(record)
    assert (row["person"], row["session"]) == (f"'{text}", f"'{text}")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


def test_text_with_commas_quotes_and_line_breaks_stays_in_its_cell(record: SessionRecord) -> None:
    span = dataclasses.replace(record.timeline.spans[0], person='Zoë, "the\nboss"')
    record = dataclasses.replace(record, timeline=dataclasses.replace(record.timeline, spans=(span,)))
    assert [row["person"] for row in rows_of(record)] == ['Zoë, "the\nboss"']


def test_json_keeps_guess_and_answer_apart(database: Database) -> None:
    relabel(database, "evening", 1, "surprise")
    record = get_session(database, "evening")
    values = json.loads(json_text(record))
    assert {name: values[name] for name in record.timeline.as_dict()} == record.timeline.as_dict()
    assert values["session"]["id"] == "evening"
    first, second, _ = values["utterances"]
    assert (first["emotion"], first["label"], first["labeller"]) == ("joy", "surprise", "parent")
    assert (second["emotion"], second["label"]) == (None, None)


def test_captions_hold_what_was_said_and_shown_in_order(record: SessionRecord) -> None:
    assert webvtt_text(record) == (
        "WEBVTT\n\n"
        "NOTE evening clip.mp4\n\n"
        "00:00:00.500 --> 00:00:01.500\n<v person 1>hello &lt;there&gt;</v>\n\n"
        "00:00:00.600 --> 00:00:02.600\n[Looks happy]\n\n"
        "00:00:02.600 --> 00:00:04.000\n[Not sure]\n\n"
        "00:00:04.000 --> 00:00:05.000\n=1+1 &amp; more\n\n"
        "00:00:04.000 --> 00:00:06.000\n[Maybe sad]\n"
    )


def test_no_text_can_end_a_caption_or_forge_another(record: SessionRecord) -> None:
    nasty = dataclasses.replace(record.utterances[0], text="a\n\n00:00:00.000 --> 00:00:09.000\nforged", end_s=0.5)
    text = webvtt_text(dataclasses.replace(record, utterances=(nasty,), timeline=Timeline("clip.mp4", 6.0, ())))
    times = re.findall(r"^(\S+) --> (\S+)$", text, re.MULTILINE)
    assert times == [("00:00:00.500", "00:00:00.501")]  # and a caption without length lasts a little
    assert text.count("\n\n") == 2


def test_long_sessions_have_hours_in_their_captions(record: SessionRecord) -> None:
    late = dataclasses.replace(record.utterances[0], start_s=3661.9996, end_s=3725.25)
    text = webvtt_text(dataclasses.replace(record, utterances=(late,)))
    assert "01:01:02.000 --> 01:02:05.250\n" in text


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_an_export_replaces_the_old_file_whole(record: SessionRecord, tmp_path: Path, format_name: str) -> None:
    path = tmp_path / "new folder" / "out"
    export_session(record, format_name, path)
    first = path.read_bytes()
    path.write_bytes(b"old" * 100_000)
    export_session(record, format_name, path)
    assert path.read_bytes() == first == as_bytes(FORMATS[format_name](record))
    assert list(path.parent.iterdir()) == [path]


def test_an_export_that_cannot_be_written_says_so_and_leaves_nothing(record: SessionRecord, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "kept").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        export_session(record, "csv", folder)
    with pytest.raises(StoreError, match="cannot be written"):
        export_session(record, "csv", folder / "kept" / "out.csv")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "kept"]


def test_an_unknown_format_is_refused_with_the_known_ones_named(record: SessionRecord, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Known: csv, json, webvtt, eaf, textgrid, pdf"):
        export_session(record, "xlsx", tmp_path / "out")
