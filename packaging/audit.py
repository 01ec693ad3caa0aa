"""Looks installed packages up among known weaknesses, with pip-audit in a virtual environment of its own. Standard library only.

The names and versions of the packages are told to the package index for that; nothing else is. An index that knows nothing of
a version (some mirrors do not) is asked about the project: that tells the weaknesses of its newest version, which may be the one
that is installed. Where nothing answers nothing is known, and that is said: silence is not a clean bill.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLEAN, WEAK, NOT_ASKED = 0, 1, 2
NOBODY = "Nothing is known about these packages now: that is no sign that they are sound."
NEXT_STEP = "Connect to the internet and start `make audit` again, or run it on another computer with the same packages."
NEXT_FOR_UNKNOWN = (
    "Start `make audit` again where the index tells of single versions (pypi.org does, some mirrors do not), "
    "or see whether the newest ones fit."
)
OWN = "emoasst"  # on no index
PROJECT = "https://pypi.org/pypi/{name}/json"
LIMIT_S = 30.0
Say = Callable[[str], None]
Entry = dict[str, Any]


def audit_environment(python: str, folder: Path, say: Say) -> int:
    """Ask about every package beside an interpreter.

    Args:
        python: the interpreter of the environment that is looked at.
        folder: where the tool is kept.
        say: told each sentence.

    Returns:
        0, 1 or 2; see the names above.
    """
    if (tool := tool_in(folder)) is None:
        say(f"The tool pip-audit could not be fetched. {NOBODY}\n{NEXT_STEP}")
        return NOT_ASKED
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as place:
        answer = Path(place) / "audit.json"
        command = [tool, "--path", packages, "--format", "json", "--output", str(answer), "--progress-spinner", "off"]
        asked = subprocess.run(command, capture_output=True, text=True)
        found = read_answer(answer)
    if found is None:
        reason = asked.stderr.strip().splitlines()[-1:] or ["no answer"]
        say(f"The list of known weaknesses could not be read: {reason[0][:300]}")
        say(f"{NOBODY}\n{NEXT_STEP}")
        return NOT_ASKED
    return tell([ask_project(one) if is_skipped(one) else one for one in found], say)


def is_skipped(entry: Entry) -> bool:
    """Whether the index knew nothing of that version."""
    return "skip_reason" in entry and entry["name"] != OWN


def ask_project(entry: Entry, fetch: Callable[[str], bytes] | None = None) -> Entry:
    """What the project's own page tells of a version that could not be looked up.

    Args:
        entry: as pip-audit writes it.
        fetch: gets an address; raises OSError where it cannot.

    Returns:
        A looked-up entry if the installed version is the newest, else the same with `newest` where that is known.
    """
    try:
        page = json.loads((fetch or _fetch)(PROJECT.format(name=entry["name"])))
        newest, faults = page["info"]["version"], page["vulnerabilities"]
    except (OSError, ValueError, KeyError, TypeError):
        return entry
    installed = entry.get("version") or _version_in(entry["skip_reason"])
    if newest != installed:
        return {**entry, "newest": newest, "version": installed}
    known = [{"id": one["id"], "fix_versions": one["fixed_in"]} for one in faults if not one.get("withdrawn")]
    return {"name": entry["name"], "version": newest, "vulns": known}


def _version_in(reason: str) -> str:
    """The version in pip-audit's `... could not be audited: name (1.2.3)`."""
    found = re.search(r"\(([^()]+)\)\W*$", reason)
    return found[1] if found else ""


def _fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=LIMIT_S) as answer:
        content: bytes = answer.read()
    return content


def tell(found: list[Entry], say: Say) -> int:
    """Say what an answer holds.

    Args:
        found: one entry for each package, as pip-audit writes them.
        say: told each sentence.

    Returns:
        0 if every package was looked up and none is weak, 1 if one is, 2 if some could not be looked up.
    """
    weak = [one for one in found if one.get("vulns")]
    skipped = [_described(one) for one in found if is_skipped(one)]
    for one in weak:
        for fault in one["vulns"]:
            mended = ", ".join(fault.get("fix_versions") or ()) or "no mended version yet"
            say(f"{one['name']} {one['version']}: {fault['id']} ({mended})")
    say(f"{sum('vulns' in one for one in found)} packages were looked up; {len(weak)} have known weaknesses.")
    if skipped:
        say(f"Not looked up, as the index told nothing of these versions: {', '.join(sorted(skipped))}.")
    if weak:
        say("Next step: see whether the mended versions fit pyproject.toml, raise them there, and run `make test`.")
        return WEAK
    if skipped:
        say(f"Of those nothing is known: that is no sign that they are sound.\n{NEXT_FOR_UNKNOWN}")
        return NOT_ASKED
    return CLEAN


def _described(entry: Entry) -> str:
    version = f"{entry['name']} {entry.get('version') or _version_in(entry['skip_reason'])}".rstrip()
    return f"{version} (newest: {entry['newest']})" if "newest" in entry else version


def read_answer(path: Path) -> list[Entry] | None:
    """The entries of an answer; None if there is none."""
    try:
        found: list[Entry] = json.loads(path.read_text("utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def tool_in(folder: Path) -> str | None:
    """Path of pip-audit, fetched when first wanted; None if it cannot be."""
    programs, suffix = (folder / "Scripts", ".exe") if sys.platform == "win32" else (folder / "bin", "")
    tool = programs / f"pip-audit{suffix}"
    if tool.exists():
        return str(tool)
    venv.create(folder, with_pip=True, clear=True)
    fetched = subprocess.run([str(programs / f"python{suffix}"), "-m", "pip", "install", "-q", "pip-audit"], capture_output=True)
    return str(tool) if fetched.returncode == 0 and tool.exists() else None
