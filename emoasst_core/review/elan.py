"""ELAN's annotation format (.eaf 3.0): written for researchers and clinicians, the parent's tier read back."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Final

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.errors import StoreError
from emoasst_core.review.elan_check import faults_of
from emoasst_core.review.lanes import PARENT_TIER, Annotation, tiers_of
from emoasst_core.store.sessions import SessionRecord

SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
TYPE: Final = "default-lt"
MAX_BYTES: Final = 64 << 20  # an hour of annotations is about 1 MB
CONSTRAINTS: Final = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps allowed within this interval",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation. Annotations refering to the same parent are ordered",
    "Symbolic_Association": "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps are allowed",
}


def eaf_text(record: SessionRecord, catalogue: Catalogue | None = None) -> str:
    """The session as an ELAN document with the tiers of `lanes.TIERS`; times in milliseconds, no media linked."""
    ElementTree.register_namespace("xsi", XSI)
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "EmoAsst",
            "DATE": record.started_at.isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{XSI}}}noNamespaceSchemaLocation": SCHEMA,
        },
    )
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    slots = ElementTree.SubElement(root, "TIME_ORDER")
    num_annotations = 0
    for tier in tiers_of(record, catalogue or Catalogue.load()):
        attributes = {"LINGUISTIC_TYPE_REF": TYPE, "TIER_ID": tier.name} | ({"PARTICIPANT": tier.person} if tier.person else {})
        element = ElementTree.SubElement(root, "TIER", attributes)
        for annotation in tier.annotations:
            num_annotations += 1
            _write(element, slots, num_annotations, annotation)
    _sort_slots(slots)
    ElementTree.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(num_annotations)
    ElementTree.SubElement(
        root, "LINGUISTIC_TYPE", {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": TYPE, "TIME_ALIGNABLE": "true"}
    )
    for stereotype, description in CONSTRAINTS.items():
        ElementTree.SubElement(root, "CONSTRAINT", {"DESCRIPTION": description, "STEREOTYPE": stereotype})
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def read_parent_tier(path: Path) -> tuple[Annotation, ...]:
    """The annotations of the parent's tier, by time.

    Raises:
        StoreError: the file cannot be read, is no ELAN document, breaks the format's rules, or has no such tier.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StoreError(f"{path.name} is too large for annotations.", "Choose the .eaf file, not the recording.")
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", "Check the name of the file.") from error
    root = _parsed(content, path.name)
    if faults := faults_of(root):
        raise StoreError(f"{path.name} is not a sound ELAN document: {faults[0]}.", "Save it again in ELAN.")
    times_s = {
        slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) / 1000
        for slot in root.iter("TIME_SLOT")
        if "TIME_VALUE" in slot.attrib
    }
    tiers = [tier for tier in root.iter("TIER") if tier.attrib["TIER_ID"] == PARENT_TIER]
    if not tiers:
        raise StoreError(f"{path.name} has no tier {PARENT_TIER}.", "Give the tier with the answers this name in ELAN.")
    found = []
    for annotation in tiers[0].iter("ALIGNABLE_ANNOTATION"):
        start_s, end_s = (times_s.get(annotation.attrib[f"TIME_SLOT_REF{place}"]) for place in (1, 2))
        if start_s is not None and end_s is not None:
            found.append(Annotation(start_s, end_s, (annotation.findtext("ANNOTATION_VALUE") or "").strip()))
    return tuple(sorted(found, key=lambda one: one.start_s))


def _parsed(content: bytes, name: str) -> ElementTree.Element:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or "<!DOCTYPE".encode("utf-16-le") in content:
        raise StoreError(f"{name} defines its own entities, which no ELAN document does.", "It is not opened.")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise StoreError(f"{name} is not an ELAN document: {error}.", "Choose an .eaf file.") from error


def _write(tier: ElementTree.Element, slots: ElementTree.Element, number: int, annotation: Annotation) -> None:
    references = {}
    for place, time_s in enumerate((annotation.start_s, annotation.end_s), 1):
        slot = f"ts{2 * number - 2 + place}"
        ElementTree.SubElement(slots, "TIME_SLOT", {"TIME_SLOT_ID": slot, "TIME_VALUE": str(round(time_s * 1000))})
        references[f"TIME_SLOT_REF{place}"] = slot
    holder = ElementTree.SubElement(tier, "ANNOTATION")
    aligned = ElementTree.SubElement(holder, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": f"a{number}", **references})
    ElementTree.SubElement(aligned, "ANNOTATION_VALUE").text = _printable(annotation.text)


def _sort_slots(slots: ElementTree.Element) -> None:
    """ELAN wants its moments in order of time; those of the same time keep theirs."""
    slots[:] = sorted(slots, key=lambda slot: int(slot.attrib["TIME_VALUE"]))


def _printable(text: str) -> str:
    """Text without the control characters that XML has no way to write."""
    return "".join(letter for letter in text if letter >= " " and letter not in "￾￿" and not "\ud800" <= letter <= "\udfff")
