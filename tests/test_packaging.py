"""What `make sbom` and `make audit` say."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packaging"))
import audit
import checks
import sbom


def test_the_list_of_parts_names_every_dependency_once_with_its_version() -> None:
    made = sbom.document(datetime.now(UTC))
    refs = [one["bom-ref"] for one in made["components"]]
    assert len(set(refs)) == len(refs)
    versions = {one["name"]: one.get("version") for one in made["components"]}
    for name in ("torch", "av", "sqlcipher3", "pyside6-essentials", "cryptography"):
        assert versions[name] == version(name)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")


def test_what_each_part_needs_is_in_the_list_itself() -> None:
    made = sbom.document(datetime.now(UTC))
    refs = {one["bom-ref"] for one in made["components"]} | {made["metadata"]["component"]["bom-ref"]}
    needed = {ref for entry in made["dependencies"] for ref in (entry["ref"], *entry["dependsOn"])}
    assert needed <= refs
    cffi = next(entry for entry in made["dependencies"] if entry["ref"].startswith("pkg:pypi/cryptography@"))
    assert any(ref.startswith("pkg:pypi/cffi@") for ref in cffi["dependsOn"])


def test_the_models_that_ship_are_listed_by_their_hash() -> None:
    starter = next(one for one in sbom.document(datetime.now(UTC))["components"] if one["name"] == "starter")
    assert starter["type"] == "machine-learning-model" and len(starter["hashes"][0]["content"]) == 64


@pytest.mark.parametrize(
    ("found", "code", "sentence"),
    [
        ([{"name": "av", "version": "18", "vulns": []}], audit.CLEAN, "1 packages were looked up; 0 have known weaknesses."),
        (
            [{"name": "av", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}],
            audit.WEAK,
            "av 1: CVE-1 (2)",
        ),
        (
            [{"name": "av", "version": "18", "vulns": []}, {"name": "torch", "skip_reason": "not there"}],
            audit.NOT_ASKED,
            "nothing of these versions: torch.",
        ),
        (
            [{"name": "torch", "skip_reason": "not there"}],
            audit.NOT_ASKED,
            "nothing of these versions: torch.\nOf those nothing is known",
        ),
    ],
    ids=["clean", "weak", "partly unknown", "unknown"],
)
def test_an_answer_is_told_in_words_and_in_the_exit_code(found: list, code: int, sentence: str) -> None:
    said: list[str] = []
    assert audit.tell(found, said.append) == code
    assert sentence in "\n".join(said)


SKIPPED = {"name": "av", "skip_reason": "Dependency not found on PyPI and could not be audited: av (18.0)"}
FAULT = {"id": "PYSEC-1", "fixed_in": ["18.1"], "withdrawn": None}


def test_where_a_version_is_unknown_the_project_tells_of_its_newest_one() -> None:
    def page(version: str, faults: list) -> bytes:
        return json.dumps({"info": {"version": version}, "vulnerabilities": faults}).encode()

    asked: list[str] = []
    sound = audit.ask_project(SKIPPED, lambda address: asked.append(address) or page("18.0", [{**FAULT, "withdrawn": "2026"}]))
    assert sound == {"name": "av", "version": "18.0", "vulns": []} and asked == ["https://pypi.org/pypi/av/json"]
    weak = audit.ask_project(SKIPPED, lambda _address: page("18.0", [FAULT]))
    older = audit.ask_project(SKIPPED, lambda _address: page("19.0", []))
    said: list[str] = []
    assert audit.tell([weak], said.append) == audit.WEAK and said[0] == "av 18.0: PYSEC-1 (18.1)"
    assert audit.tell([older], said.append) == audit.NOT_ASKED and "av 18.0 (newest: 19.0)" in "\n".join(said)


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"info": {"version": "18.0"}}', OSError("no route")])
def test_a_project_that_tells_nothing_leaves_the_version_unknown(answer: bytes | OSError) -> None:
    def fetch(_address: str) -> bytes:
        if isinstance(answer, OSError):
            raise answer
        return answer

    assert audit.ask_project(SKIPPED, fetch) == SKIPPED


@pytest.mark.parametrize("text", ["", "{}", "not JSON", json.dumps([])])
def test_an_answer_that_is_none_is_never_taken_for_clean(tmp_path: Path, text: str) -> None:
    (tmp_path / "audit.json").write_text(text)
    assert audit.read_answer(tmp_path / "audit.json") is None


def test_where_nobody_can_be_asked_that_is_said_and_nothing_is_called_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "pip-audit"
    tool.write_text("#!/bin/sh\necho 'no route to the index' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setattr(audit, "tool_in", lambda _folder: str(tool))
    said: list[str] = []
    assert audit.audit_environment(sys.executable, tmp_path, said.append) == audit.NOT_ASKED
    assert "no route to the index" in said[0] and "no sign that they are sound" in said[1]


ROOT = Path(__file__).resolve().parents[1]


def test_every_test_file_belongs_to_exactly_one_part() -> None:
    places = [
        ROOT / place
        for stage in checks.parts(ROOT, "python", "lint-imports")
        for part in stage
        for place in part.command
        if place.startswith("tests/")
    ]
    for path in (ROOT / "tests").rglob("test_*.py"):
        assert len([place for place in places if path == place or place in path.parents]) == 1, path
    assert all(place.exists() for place in places)


def _writing(folder: Path, name: str, text: str, code: int = 0) -> checks.Part:
    program = f"import pathlib; pathlib.Path({name!r}).touch(); print({text!r}); raise SystemExit({code})"
    return checks.Part(name, (sys.executable, "-c", program))


@pytest.mark.parametrize("num_lanes", [1, 2])
def test_all_parts_run_whatever_fails_and_the_failure_is_told(tmp_path: Path, num_lanes: int) -> None:
    said: list[str] = []
    first = [_writing(tmp_path, f"part {number}", f"words of {number}", code=number == 1) for number in range(4)]
    seen = "import pathlib, sys; sys.exit(len(list(pathlib.Path().glob('part *'))) != 4)"
    last = [checks.Part("last", (sys.executable, "-c", seen))]
    assert checks.run_all([first, last], tmp_path, {}, said.append, num_lanes) == 1
    assert said[-1] == "\nFailed: part 1."
    for number in range(4):
        assert f"words of {number}" in said
        assert said[said.index(f"words of {number}") - 1].startswith(f"\n[{number + 1}/5] part {number}: ")


def test_nothing_failed_is_told_too(tmp_path: Path) -> None:
    said: list[str] = []
    assert checks.run_all([[_writing(tmp_path, "only", "done")]], tmp_path, {}, said.append) == 0
    assert said[-1] == "\nEverything passed."
