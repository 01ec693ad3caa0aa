"""Looks installed packages up among known weaknesses, with pip-audit in a virtual environment of its own. Standard library only.

The names and versions of the packages are told to the package index for that; nothing else is. Where it cannot be reached
nothing is known, and that is said: silence is not a clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLEAN, WEAK, NOT_ASKED = 0, 1, 2
NOBODY = "Nothing is known about these packages now: that is no sign that they are sound."
NEXT_STEP = "Connect to the internet and start `make audit` again, or run it on another computer with the same packages."
OWN = "emoasst"  # on no index
Say = Callable[[str], None]


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
    return tell(found, say)


def tell(found: list[dict[str, Any]], say: Say) -> int:
    """Say what an answer holds.

    Args:
        found: one entry for each package, as pip-audit writes them.
        say: told each sentence.

    Returns:
        0 if every package was looked up and none is weak, 1 if one is, 2 if some could not be looked up.
    """
    weak = [one for one in found if one.get("vulns")]
    skipped = [one["name"] for one in found if "skip_reason" in one and one["name"] != OWN]
    for one in weak:
        for fault in one["vulns"]:
            mended = ", ".join(fault.get("fix_versions") or ()) or "no mended version yet"
            say(f"{one['name']} {one['version']}: {fault['id']} ({mended})")
    say(f"{len(found) - len(skipped)} packages were looked up; {len(weak)} have known weaknesses.")
    if skipped:
        say(f"Not looked up, as the index does not know them or did not answer: {', '.join(sorted(skipped))}.")
    if weak:
        say("Next step: see whether the mended versions fit pyproject.toml, raise them there, and run `make test`.")
        return WEAK
    if skipped:
        say(f"Of those nothing is known: that is no sign that they are sound.\n{NEXT_STEP}")
        return NOT_ASKED
    return CLEAN


def read_answer(path: Path) -> list[dict[str, Any]] | None:
    """The entries of an answer; None if there is none."""
    try:
        found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["dependencies"]
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
