"""ELAN files as another program sees them: read, edited and saved by pympi, an independent library for that format."""

from __future__ import annotations

import dataclasses
import itertools
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from pympi import Eaf

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Timeline
from emoasst_core.review.answer_import import import_answers
from emoasst_core.review.elan import eaf_text, read_parent_tier
from emoasst_core.review.elan_check import faults_of
from emoasst_core.review.lanes import PARENT_TIER, TIERS, tiers_of
from emoasst_core.review.relabel import relabel
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session
from tests.core.store.session_records import random_session


def written(record: SessionRecord, path: Path) -> Path:
    path.write_text(eaf_text(record), "utf-8")
    return path


@pytest.mark.parametrize("seed", range(6))
def test_another_library_reads_the_same_tiers_times_and_words(seed: int, tmp_path: Path) -> None:
    record = random_session(seed, "evening", num_utterances=12, num_spans=40)
    read = Eaf(str(written(record, tmp_path / "evening.eaf")))
    tiers = tiers_of(record, Catalogue.load())
    assert list(read.get_tier_names()) == [tier.name for tier in tiers]
    for tier in tiers:
        found = sorted(tuple(one[:3]) for one in read.get_annotation_data_for_tier(tier.name))
        wanted = sorted((round(1000 * one.start_s), round(1000 * one.end_s), one.text) for one in tier.annotations)
        assert found == wanted
        assert read.get_parameters_for_tier(tier.name).get("PARTICIPANT", "") == tier.person


def test_an_empty_session_is_read_too(record: SessionRecord, tmp_path: Path) -> None:
    empty = dataclasses.replace(record, timeline=Timeline("clip.mp4", 0.0, ()), utterances=(), duration_s=0.0)
    assert set(TIERS) == set(Eaf(str(written(empty, tmp_path / "empty.eaf"))).get_tier_names())


def test_answers_edited_and_saved_by_another_library_come_back_as_corrections(
    database: Database, record: SessionRecord, tmp_path: Path
) -> None:
    relabel(database, "evening", 1, "surprise")
    document = Eaf(str(written(get_session(database, "evening"), tmp_path / "ours.eaf")))
    document.remove_annotation(PARENT_TIER, 1000)
    document.add_annotation(PARENT_TIER, 600, 1500, "Happy")
    document.add_annotation(PARENT_TIER, 4100, 5000, "can’t tell")
    document.add_tier("notes")
    document.add_annotation("notes", 0, 900, "a cough & a <laugh>")
    saved = tmp_path / "theirs.eaf"
    document.to_file(str(saved))
    assert faults_of(ElementTree.parse(saved).getroot()) == []
    found = import_answers(database, "evening", read_parent_tier(saved), "Anna")
    assert (found.num_new, found.num_same, found.unmatched) == (2, 0, ())
    rows = get_session(database, "evening").utterances
    assert [(row.label, row.labeller) for row in rows] == [("joy", "Anna"), ("cant_tell", "Anna"), (None, "")]


def test_a_document_made_by_another_library_from_nothing_is_read(tmp_path: Path) -> None:
    document = Eaf()
    document.add_tier(PARENT_TIER)
    document.add_annotation(PARENT_TIER, 500, 1500, "sadness")
    document.add_annotation(PARENT_TIER, 2000, 2600, "joy")
    path = tmp_path / "made.eaf"
    document.to_file(str(path))
    assert [(one.start_s, one.end_s, one.text) for one in read_parent_tier(path)] == [(0.5, 1.5, "sadness"), (2.0, 2.6, "joy")]


@pytest.mark.parametrize("seed", range(4))
def test_the_document_follows_the_published_rules_of_the_format(seed: int) -> None:
    """Rules of EAF 3.0 that no reader enforces: what stands where, and which attributes and references must be there."""
    root = ElementTree.fromstring(eaf_text(random_session(seed, "evening", num_utterances=10, num_spans=30)))
    assert (root.attrib["FORMAT"], root.attrib["VERSION"]) == ("3.0", "3.0")
    assert [child.tag for child in root if child.tag != "TIER"] == [
        "HEADER", "TIME_ORDER", "LINGUISTIC_TYPE", "CONSTRAINT", "CONSTRAINT", "CONSTRAINT", "CONSTRAINT",
    ]  # fmt: skip
    slots = [(slot.attrib["TIME_SLOT_ID"], int(slot.attrib["TIME_VALUE"])) for slot in root.iter("TIME_SLOT")]
    assert [value for _, value in slots] == sorted(value for _, value in slots)
    times = dict(slots)
    assert len(times) == len(slots)
    types = {one.attrib["LINGUISTIC_TYPE_ID"] for one in root.iter("LINGUISTIC_TYPE")}
    ids = [one.attrib["ANNOTATION_ID"] for one in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(ids)) == len(ids)
    (last,) = [one.text for one in root.iter("PROPERTY") if one.attrib["NAME"] == "lastUsedAnnotationId"]
    assert int(last or "") == max(int(one[1:]) for one in ids)
    for tier in root.iter("TIER"):
        assert tier.attrib["LINGUISTIC_TYPE_REF"] in types
        pairs = [
            (times[a.attrib["TIME_SLOT_REF1"]], times[a.attrib["TIME_SLOT_REF2"]]) for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(start < end for start, end in pairs)
        ordered = sorted(pairs)
        assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(ordered))
    assert root.find("HEADER").attrib["TIME_UNITS"] == "milliseconds"  # type: ignore[union-attr]
