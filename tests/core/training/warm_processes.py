"""Processes that a test may kill, each forked from one that has loaded torch: a fresh interpreter would take seconds to do so.

Where there is no forking (Windows) they are fresh interpreters.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

LOADED = ("torch", "transformers", "sklearn.linear_model", "emoasst_core.cli", "emoasst_core.recogniser")
PATIENCE_S = 170.0


@dataclass(frozen=True)
class Ended:
    """Exit code, minus the signal's number after a kill; and what was printed."""

    returncode: int
    output: str


def start(output: Path, program: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """Start a function of a module in a process with the environment of this one and one thread; it prints into a file."""
    ways = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in ways else "spawn")
    if "forkserver" in ways:
        context.set_forkserver_preload(list(LOADED))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = context.Process(target=_begin, args=(environment, str(output), program, arguments))
    process.start()
    return process


def run(output: Path, program: Callable[..., Any], *arguments: Any) -> Ended:
    """The same to its end."""
    process = start(output, program, *arguments)
    process.join(PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{program.__qualname__} did not end: {output.read_text('utf-8', errors='replace')}")
    return Ended(process.exitcode, output.read_text("utf-8"))


def _begin(environment: dict[str, str], output: str, program: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(target, 1)
    os.dup2(target, 2)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    sys.exit(program(*arguments))
