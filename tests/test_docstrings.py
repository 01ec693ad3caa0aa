"""The examples in docstrings are tests: each gives what is written under it."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path.relative_to(ROOT) for folder in ("emoasst_core", "app") for path in (ROOT / folder).rglob("*.py"))
WITH_EXAMPLES = [path for path in SOURCES if "    >>> " in (ROOT / path).read_text("utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=Path.as_posix)
def test_every_example_of_a_module_gives_what_it_says(path: Path) -> None:
    found = doctest.testmod(import_module(".".join(path.with_suffix("").parts)))
    assert found.attempted > 0 and found.failed == 0
