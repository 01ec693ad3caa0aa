from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from emoasst_core.datatypes import Timeline
from emoasst_core.errors import StoreError
from emoasst_core.review.answer_import import import_answers
from emoasst_core.review.elan import eaf_text, read_parent_tier
from emoasst_core.review.elan_check import faults_of
from emoasst_core.review.lanes import TIERS, Annotation
from emoasst_core.review.relabel import relabel
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session
from tests.core.store.session_records import random_session


def parsed(record: SessionRecord) -> ElementTree.Element:
    return ElementTree.fromstring(eaf_text(record))


def values(root: ElementTree.Element, tier: str) -> list[str | None]:
    (found,) = [one for one in root.iter("TIER") if one.attrib["TIER_ID"] == tier]
    return [value.text for value in found.iter("ANNOTATION_VALUE")]


def test_the_document_has_the_six_tiers_and_keeps_the_rules_of_the_format(database: Database) -> None:
    relabel(database, "evening", 1, "surprise")
    root = parsed(get_session(database, "evening"))
    assert faults_of(root) == []
    assert root.attrib["FORMAT"] == "3.0"
    assert [tier.attrib["TIER_ID"] for tier in root.iter("TIER")] == list(TIERS)
    assert values(root, "model_face") == ["joy", "UNSURE", "CANT_SEE"]
    assert values(root, "shown_cue") == ["Looks happy", "Not sure", "Maybe sad"]
    assert values(root, "parent_label") == ["surprise"]
    assert values(root, "transcript") == ["hello <there>", "=1+1 & more"]


@pytest.mark.parametrize("seed", range(12))
def test_any_session_makes_a_sound_document_however_its_spans_overlap(seed: int) -> None:
    record = random_session(seed, "evening", num_utterances=20, num_spans=60)
    assert faults_of(parsed(record)) == []


def test_an_empty_session_is_a_sound_document_too(record: SessionRecord) -> None:
    empty = dataclasses.replace(record, timeline=Timeline("clip.mp4", 0.0, ()), utterances=(), duration_s=0.0)
    assert faults_of(parsed(empty)) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('TIME_SLOT_REF1="ts1"', 'TIME_SLOT_REF1="ts999"', "names ts999"),
        ('TIER_ID="fused"', 'TIER_ID="model_face"', "TIER_ID model_face is given twice"),
        ('ANNOTATION_ID="a2"', 'ANNOTATION_ID="a1"', "ANNOTATION_ID a1 is given twice"),
        ('LINGUISTIC_TYPE_REF="default-lt"', 'LINGUISTIC_TYPE_REF="other"', "names other"),
        ('TIME_UNITS="milliseconds"', 'TIME_UNITS="hours"', "no time units"),
        ('TIME_SLOT_ID="ts2" TIME_VALUE="1000"', 'TIME_SLOT_ID="ts2" TIME_VALUE="2500"', "overlap"),
        ('TIME_SLOT_ID="ts2" TIME_VALUE="1000"', 'TIME_SLOT_ID="ts2" TIME_VALUE="0"', "ends before it begins"),
        ("<TIME_ORDER>", "<TIME_ORDER/><TIME_ORDER>", "needs one TIME_ORDER"),
        ('DATE="', 'DAY="', "lacks DATE"),
    ],
)
def test_the_check_finds_what_breaks_the_rules(record: SessionRecord, before: str, after: str, fault: str) -> None:
    text = eaf_text(record)
    assert before in text
    found = faults_of(ElementTree.fromstring(text.replace(before, after)))
    assert any(fault in one for one in found), found


def test_the_parents_tier_is_read_back_and_becomes_corrections(database: Database, record: SessionRecord, tmp_path: Path) -> None:
    relabel(database, "evening", 1, "surprise")
    path = tmp_path / "evening.eaf"
    path.write_text(eaf_text(get_session(database, "evening")), "utf-8")
    assert read_parent_tier(path) == (Annotation(0.5, 1.5, "surprise"),)
    same = import_answers(database, "evening", read_parent_tier(path))
    assert (same.num_new, same.num_same, same.unmatched) == (0, 1, ())
    edited = [
        Annotation(0.6, 1.5, "Happy"),
        Annotation(4.1, 5.0, "can’t tell"),
        Annotation(2.0, 3.0, "joy"),
        Annotation(0, 1, "a meal"),
    ]
    found = import_answers(database, "evening", edited, "Anna")
    assert (found.num_new, found.num_same, len(found.unmatched)) == (2, 0, 2)
    rows = get_session(database, "evening").utterances
    assert [(row.label, row.labeller) for row in rows] == [("joy", "Anna"), ("cant_tell", "Anna"), (None, "")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an ELAN document"),
        (b"<html/>", "its outermost element is html"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><ANNOTATION_DOCUMENT/>', "defines its own entities"),
        (b"\xff\xfe<\x00", "not an ELAN document"),
        (b"<ANNOTATION_DOCUMENT", "not an ELAN document"),
    ],
)
def test_a_file_that_is_no_elan_document_is_refused_in_words(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "session.eaf"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=message):
        read_parent_tier(path)


def test_a_document_without_the_parents_tier_says_which_name_it_needs(record: SessionRecord, tmp_path: Path) -> None:
    path = tmp_path / "session.eaf"
    path.write_text(eaf_text(record).replace('TIER_ID="parent_label"', 'TIER_ID="mum"'), "utf-8")
    with pytest.raises(StoreError, match=r"no tier parent_label"):
        read_parent_tier(path)
