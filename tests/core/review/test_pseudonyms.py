from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from emoasst_core.review.export import FORMATS, export_session
from emoasst_core.review.pseudonyms import pseudonyms
from emoasst_core.store.sessions import SessionRecord


def named(record: SessionRecord) -> SessionRecord:
    """The record with real-looking names wherever a person, an adult or a file is named."""
    spans = tuple(dataclasses.replace(span, person="Grandma Rosa" if span.person else "") for span in record.timeline.spans)
    rows = tuple(
        dataclasses.replace(row, person="Grandma Rosa" if row.person else "", label="joy", labeller="Uncle Theo")
        for row in record.utterances
    )
    timeline = dataclasses.replace(record.timeline, recording="/films/Rosa 90.mp4", spans=spans)
    return dataclasses.replace(record, recording="/films/Rosa 90.mp4", timeline=timeline, utterances=rows)


@pytest.mark.parametrize("format_name", [name for name in FORMATS if name != "pdf"])
def test_no_name_of_a_person_or_file_leaves_by_default(record: SessionRecord, tmp_path: Path, format_name: str) -> None:
    kept = named(record)
    export_session(kept, format_name, tmp_path / "out", pseudonyms(kept))
    text = (tmp_path / "out").read_text("utf-8")
    assert not [name for name in ("Rosa", "Theo", "films") if name in text]
    if format_name in ("csv", "json", "webvtt"):
        assert "Person A" in text and "Adult A" in text
    export_session(kept, format_name, tmp_path / "out", {}, hides_recording=False)
    if format_name in ("csv", "json", "webvtt"):
        assert "Rosa" in (tmp_path / "out").read_text("utf-8")


def test_the_page_is_one_page_and_names_its_limits(record: SessionRecord, tmp_path: Path) -> None:
    kept = named(record)
    export_session(kept, "pdf", tmp_path / "page.pdf", pseudonyms(kept))
    content = (tmp_path / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 1 or b"/Count 1" in content
    assert b"Rosa" not in content
