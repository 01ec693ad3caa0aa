"""Every check and every test of `make test`, two at a time where there are two processors. Standard library only.

What a part says is shown when it has ended, so that two never talk at once. The faults come last and alone: some of them are
measured in seconds, and nothing else may hold them up.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HEAVY = ("session", "training", "encoders", "systems", "evaluation")  # of tests/core: parts of their own
LAST = "tests/faults"
NUM_LANES = 2  # more would be too much memory: several parts load the networks


@dataclass(frozen=True)
class Part:
    """One command."""

    name: str
    command: tuple[str, ...]


def parts(root: Path, python: str, lint_imports: str) -> list[list[Part]]:
    """All parts in stages: those of one stage may run beside each other, longest first."""
    core = root / "tests" / "core"
    rest = sorted(str(path.relative_to(root)) for path in core.glob("*") if path.name not in (*HEAVY, "__pycache__"))
    top = sorted(str(path.relative_to(root)) for path in (root / "tests").glob("test_*.py"))
    style = Part("Style", (python, "-m", "ruff", "check", "."))
    layout = Part("Layout", (python, "-m", "ruff", "format", "--check", "."))
    beside = [
        _tests(python, "the window", "tests/app"),
        *(_tests(python, name, f"tests/core/{name}") for name in HEAVY),
        _tests(python, "the core", *rest),
        Part("Types", (python, "-m", "mypy")),
        _tests(python, "journeys", "tests/e2e", *top),
        Part("Layers", (lint_imports,)),
    ]
    return [[style, layout], beside, [_tests(python, "faults", LAST)]]


def _tests(python: str, name: str, *places: str) -> Part:
    return Part(f"Tests of {name}", (python, "-m", "pytest", "-p", "no:cacheprovider", *places))


def run_all(
    stages: Sequence[Sequence[Part]], folder: Path, environment: Mapping[str, str], say: Callable[[str], None], num_lanes: int = 0
) -> int:
    """Run everything, also after a failure, so that one start shows all that is wrong.

    Args:
        stages: see `parts`.
        folder: where the commands run.
        environment: for the commands.
        say: shows a text, at once.
        num_lanes: how many at a time; 0 for as many as there are processors, at most `NUM_LANES`.

    Returns:
        0 if all passed, else 1.
    """
    num_lanes = num_lanes or min(NUM_LANES, os.cpu_count() or 1)
    names = [part.name for stage in stages for part in stage]
    failed: list[str] = []
    talking = threading.Lock()

    def run(part: Part) -> None:
        began_s = time.monotonic()
        ran = subprocess.run(
            part.command, cwd=folder, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        passed = ran.returncode == 0
        with talking:
            if not passed:
                failed.append(part.name)
            head = f"[{names.index(part.name) + 1}/{len(names)}] {part.name}"
            say(f"\n{head}: {' '.join((Path(part.command[0]).name, *part.command[1:]))}")
            say(ran.stdout.decode("utf-8", errors="replace").rstrip())
            say(f"{head}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began_s:.0f} s")

    for stage in stages:
        waiting = list(stage)

        def lane(waiting: list[Part] = waiting) -> None:
            while waiting:
                try:
                    part = waiting.pop(0)
                except IndexError:  # the other lane was quicker
                    return
                run(part)

        lanes = [threading.Thread(target=lane) for _ in range(num_lanes)]
        for one in lanes:
            one.start()
        for one in lanes:
            one.join()
    say(f"\nFailed: {', '.join(failed)}." if failed else "\nEverything passed.")
    return 1 if failed else 0
