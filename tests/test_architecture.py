"""The shape of the code, held by tests: who may import what, how long files get, where threads and SQL live."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "emoasst_core").rglob("*.py"))
APP = sorted((ROOT / "app").rglob("*.py"))
PRODUCT = CORE + APP
EVERYTHING = PRODUCT + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "packaging").rglob("*.py"))

MAX_LINES = 300
MAX_FUNCTION_LINES = 60  # the aim is 40; a long table or argument list may go over
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "misc"}
NETWORK_LIBRARIES = {"torch", "transformers", "open_clip", "timm", "torchvision", "faster_whisper", "ctranslate2"}
NETWORK_PLACES = ("encoders/", "emoasst/", "systems/", "transcription/", "training/", "classifier/tip_adapter_f.py")
SQL_LIBRARIES = {"sqlite3", "sqlite_utils", "sqlcipher3"}
SQL_STATEMENT = re.compile(
    r"^\s*(SELECT\s.+\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\s", re.S
)
THREAD_MODULES = {"multiprocessing", "concurrent", "queue"}
THREAD_MAKERS = {
    "Thread",
    "Timer",
    "Process",
    "ThreadPoolExecutor",
    "ProcessPoolExecutor",
    "QThread",
    "QThreadPool",
    "start_new_thread",
}
HEAVY_LIBRARIES = NETWORK_LIBRARIES | {"cv2", "PySide6", "sklearn", "matplotlib", "av", "onnxruntime"}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|work|root|mnt|opt)/\w|\.\./shared|[A-Z]:\\\\Users")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def inside_core(path: Path) -> str:
    return path.relative_to(ROOT / "emoasst_core").as_posix()


def offenders(paths: Iterable[Path], rule: Callable[[Path], object]) -> dict[str, object]:
    """What breaks a rule, under the names of the files it stands in."""
    return {name(path): found for path in paths if (found := rule(path))}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), name(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


@cache
def top_level(path: Path) -> frozenset[str]:
    """First names of everything imported, lazily or not; imports for type checkers only are left out."""
    return frozenset(module.split(".")[0] for module in imported_modules(path))


def imported_modules(path: Path) -> Iterator[str]:
    for node in without_type_checking(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def without_type_checking(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from without_type_checking(child)


def test_there_is_a_core_to_check() -> None:
    assert len(CORE) > 20 and len(APP) > 20 and len(EVERYTHING) > len(PRODUCT)


def test_files_are_short_enough_to_read() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in EVERYTHING}
    assert {file: lines for file, lines in lengths.items() if lines > MAX_LINES} == {}


def test_functions_are_short_enough_to_read() -> None:
    def too_long(path: Path) -> dict[str, int]:
        functions = [node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
        return {function: lines for function, lines in lengths.items() if lines > MAX_FUNCTION_LINES}

    assert offenders(PRODUCT, too_long) == {}


def test_modules_are_named_for_what_they_hold() -> None:
    def empty_words(path: Path) -> set[str]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        return {word for part in parts for word in part.split("_")} & FORBIDDEN_NAMES

    assert offenders(PRODUCT, empty_words) == {}


def test_public_modules_say_what_they_are_for() -> None:
    def is_mute(path: Path) -> bool:
        says = (ast.get_docstring(tree(path)) or "").strip()
        return bool(tree(path).body) and not path.name.startswith("_") and not says

    assert offenders(PRODUCT, is_mute) == {}


def test_the_core_knows_neither_qt_nor_the_window() -> None:
    def window_libraries(path: Path) -> frozenset[str]:
        opens_window = path.match("emoasst_core/commands/app.py") or path.match("emoasst_core/commands/bench_live.py")
        return top_level(path) & ({"PySide6", "shiboken6", "PyQt6", "app"} - ({"app"} if opens_window else set()))

    assert offenders(CORE, window_libraries) == {}


def test_the_window_loads_no_network_and_speaks_no_sql() -> None:
    assert offenders(APP, lambda path: top_level(path) & (NETWORK_LIBRARIES | SQL_LIBRARIES)) == {}


def test_networks_are_imported_only_where_they_live() -> None:
    elsewhere = [path for path in CORE if not inside_core(path).startswith(NETWORK_PLACES)]
    assert offenders(elsewhere, lambda path: top_level(path) & NETWORK_LIBRARIES) == {}


def test_sql_is_written_in_store_only() -> None:
    elsewhere = [path for path in PRODUCT if not name(path).startswith("emoasst_core/store/")]

    def statements(path: Path) -> list[str]:
        texts = [node.value for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        return [text for text in texts if SQL_STATEMENT.match(text)]

    assert offenders(elsewhere, lambda path: top_level(path) & SQL_LIBRARIES) == {}
    assert offenders(elsewhere, statements) == {}


def test_threads_and_processes_are_made_in_session_only() -> None:
    elsewhere = [path for path in PRODUCT if not name(path).startswith("emoasst_core/session/")]

    def thread_modules(path: Path) -> frozenset[str]:
        allowed = {"multiprocessing"} if path.name == "__main__.py" else set()  # freeze_support, first of all
        return top_level(path) & (THREAD_MODULES - allowed)

    def thread_makers(path: Path) -> set[str]:
        calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
        return {getattr(node.func, "attr", getattr(node.func, "id", "")) for node in calls} & THREAD_MAKERS

    assert offenders(elsewhere, thread_modules) == {}
    assert offenders(elsewhere, thread_makers) == {}


def test_no_path_of_one_machine_is_written_down() -> None:
    assert offenders(PRODUCT, lambda path: MACHINE_PATH.findall(path.read_text("utf-8"))) == {}


def test_only_the_terminal_commands_print() -> None:
    elsewhere = [path for path in CORE if not inside_core(path).startswith(("commands/", "cli.py"))]

    def prints(path: Path) -> list[int]:
        calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
        return [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]

    assert offenders(elsewhere, prints) == {}


def test_no_exception_is_swallowed_in_silence() -> None:
    def swallowing(path: Path) -> list[int]:
        handlers = [node for node in nodes(path) if isinstance(node, ast.ExceptHandler)]
        bare = [node.lineno for node in handlers if node.type is None]
        broad = [
            node.lineno
            for node in handlers
            if isinstance(node.type, ast.Name)
            and node.type.id in {"Exception", "BaseException"}
            and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
        ]
        return bare + broad

    assert offenders(PRODUCT, swallowing) == {}


@pytest.mark.parametrize("module", ["emoasst_core", "emoasst_core.cli", "emoasst_core.datatypes", "emoasst_core.session.events"])
def test_importing_the_core_loads_no_heavy_library(module: str) -> None:
    if not (ROOT / Path(*module.split("."))).is_dir() and not (ROOT / Path(*module.split("."))).with_suffix(".py").exists():
        pytest.skip(f"{module} does not exist")
    code = f"import sys, {module}; print(' '.join(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {entry.split(".")[0] for entry in result.stdout.split()}
    assert loaded & HEAVY_LIBRARIES == set()


def test_importing_the_core_creates_nothing(home: Path) -> None:
    subprocess.run([sys.executable, "-c", "import emoasst_core.paths"], cwd=ROOT, check=True)
    assert not home.exists()
