"""What the schema of ELAN's format 3.0 asks of a document, as far as annotation tiers are concerned.

Not the schema file itself: its rules for elements, their order, required attributes, keys and references, written down anew
from the published description of the format. Controlled vocabularies, lexicons and links are accepted without a look inside.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element

ORDER: Final = (
    "LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT", "CONTROLLED_VOCABULARY",
    "LEXICON_REF", "REF_LINK_SET", "EXTERNAL_REF",
)  # fmt: skip
REQUIRED: Final = {
    "ANNOTATION_DOCUMENT": ("DATE", "AUTHOR", "VERSION"),
    "TIME_SLOT": ("TIME_SLOT_ID",),
    "TIER": ("TIER_ID", "LINGUISTIC_TYPE_REF"),
    "ALIGNABLE_ANNOTATION": ("ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2"),
    "REF_ANNOTATION": ("ANNOTATION_ID", "ANNOTATION_REF"),
    "LINGUISTIC_TYPE": ("LINGUISTIC_TYPE_ID",),
    "CONSTRAINT": ("STEREOTYPE",),
    "LOCALE": ("LANGUAGE_CODE",),
    "MEDIA_DESCRIPTOR": ("MEDIA_URL", "MIME_TYPE"),
}
CHILDREN: Final = {
    "HEADER": {"MEDIA_DESCRIPTOR", "LINKED_FILE_DESCRIPTOR", "PROPERTY"},
    "TIME_ORDER": {"TIME_SLOT"},
    "TIER": {"ANNOTATION"},
    "ANNOTATION": {"ALIGNABLE_ANNOTATION", "REF_ANNOTATION"},
    "ALIGNABLE_ANNOTATION": {"ANNOTATION_VALUE"},
    "REF_ANNOTATION": {"ANNOTATION_VALUE"},
}
TIME_UNITS: Final = ("NTSC-frames", "PAL-frames", "milliseconds")


def faults_of(root: Element) -> list[str]:
    """What breaks the rules, in words; empty for a sound document."""
    if root.tag != "ANNOTATION_DOCUMENT":
        return [f"its outermost element is {root.tag}"]
    return [*_order_faults(root), *_attribute_faults(root), *_child_faults(root), *_reference_faults(root), *_time_faults(root)]


def _order_faults(root: Element) -> list[str]:
    tags = [child.tag for child in root]
    faults = [f"{tag} does not belong in the document" for tag in tags if tag not in ORDER]
    places = [ORDER.index(tag) for tag in tags if tag in ORDER]
    if places != sorted(places):
        faults.append("its parts are out of order")
    faults += [f"it needs one {tag}, not {tags.count(tag)}" for tag in ("HEADER", "TIME_ORDER") if tags.count(tag) != 1]
    return faults


def _attribute_faults(root: Element) -> list[str]:
    faults = [
        f"{element.tag} lacks {name}"
        for element in root.iter()
        for name in REQUIRED.get(element.tag, ())
        if name not in element.attrib
    ]
    units = [header.attrib.get("TIME_UNITS", "milliseconds") for header in root.iter("HEADER")]
    return faults + [f"there are no time units {unit!r}" for unit in units if unit not in TIME_UNITS]


def _child_faults(root: Element) -> list[str]:
    faults = []
    for element in root.iter():
        known = CHILDREN.get(element.tag)
        if known is not None:
            faults += [f"{child.tag} does not belong in {element.tag}" for child in element if child.tag not in known]
        if element.tag == "ANNOTATION" and len(element) != 1:
            faults.append("an ANNOTATION holds one annotation")
        if element.tag in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION") and [child.tag for child in element] != ["ANNOTATION_VALUE"]:
            faults.append(f"a {element.tag} holds one ANNOTATION_VALUE")
    return faults


def _reference_faults(root: Element) -> list[str]:
    faults = []
    keys: dict[str, list[str]] = {}
    for element in root.iter():
        for name in ("TIME_SLOT_ID", "ANNOTATION_ID", "TIER_ID", "LINGUISTIC_TYPE_ID"):
            if name in element.attrib:
                keys.setdefault(name, []).append(element.attrib[name])
    for name, values in keys.items():
        twice = [value for value, times in Counter(values).items() if times > 1]
        faults += [f"{name} {value} is given twice" for value in twice]
    known = {name: set(values) for name, values in keys.items()}
    for element in root.iter():
        for reference, name in (
            ("TIME_SLOT_REF1", "TIME_SLOT_ID"),
            ("TIME_SLOT_REF2", "TIME_SLOT_ID"),
            ("LINGUISTIC_TYPE_REF", "LINGUISTIC_TYPE_ID"),
            ("PARENT_REF", "TIER_ID"),
            ("ANNOTATION_REF", "ANNOTATION_ID"),
        ):
            value = element.attrib.get(reference)
            if value is not None and value not in known.get(name, set()):
                faults.append(f"{reference} names {value}, which is not there")
    return faults


def _time_faults(root: Element) -> list[str]:
    values: dict[str, int] = {}
    faults = []
    for slot in root.iter("TIME_SLOT"):
        text = slot.attrib.get("TIME_VALUE")
        if text is None:
            continue
        if not text.isascii() or not text.isdigit() or len(text) > 12:
            faults.append(f"the time {text!r} is no whole number")
        else:
            values[slot.attrib.get("TIME_SLOT_ID", "")] = int(text)
    for tier in root.iter("TIER"):
        pairs = [
            (values[one.attrib["TIME_SLOT_REF1"]], values[one.attrib["TIME_SLOT_REF2"]])
            for one in tier.iter("ALIGNABLE_ANNOTATION")
            if one.attrib.get("TIME_SLOT_REF1") in values and one.attrib.get("TIME_SLOT_REF2") in values
        ]
        if any(end <= start for start, end in pairs):
            faults.append(f"an annotation of {tier.attrib.get('TIER_ID')} ends before it begins")
        ordered = sorted(pairs)
        if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
            faults.append(f"annotations of {tier.attrib.get('TIER_ID')} overlap")
    return faults
