"""What every test may ask for: a home of its own, the shared recordings if there are any, a place for pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is imported anywhere
os.environ.setdefault("QT_LOGGING_RULES", "qt.multimedia.*=false")

os.environ["EMOASST_KEYS"] = "file"  # never the keychain of whoever runs the tests

DATA_VARIABLE = "EMOASST_DATA"
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep even session-wide fixtures away from the real database and models of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("home")
    os.environ["EMOASST_HOME"] = str(folder)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh EMOASST_HOME for each test and the processes it starts; not created until something is kept there."""
    folder = tmp_path / "emoasst home"
    monkeypatch.setenv("EMOASST_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real recordings named by EMOASST_DATA; the test is skipped where there is none."""
    named = os.environ.get(DATA_VARIABLE, "")
    if not named:
        pytest.skip(f"{DATA_VARIABLE} is not set: it names the folder of real recordings that this test reads")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"{DATA_VARIABLE} names {folder}, which is not a folder")
    return folder


@pytest.fixture(scope="session")
def output_folder() -> Path:
    """Where tests leave screenshots for a person to look at."""
    folder = ROOT / "test-output"
    folder.mkdir(exist_ok=True)
    return folder
