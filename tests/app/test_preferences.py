"""Choices outlive the program however it ends, and a slow disk never holds up the thread of the window."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.background import Background
from app.choices_file import ChoicesFile
from app.preferences import Choices, Preferences
from tests.faults.disk_replay import can_trace

ROOT = Path(__file__).parents[2]
SLOW = "inject=fsync,fdatasync:delay_enter=700000"
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.background import Background
from app.preferences import Preferences

application = QCoreApplication([])
background = Background()
preferences = Preferences(Path(sys.argv[1]), background)
preferences.change(theme="light")
time.sleep(0.1)  # the other thread is writing that by now, and the disk keeps it waiting
for scale in (1.25, 1.5, 2.0):
    preferences.change(theme="dark", text_scale=scale)
print(os.getpid(), flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
while preferences._is_saving:
    application.processEvents()
background.close()
"""


@pytest.fixture
def on_a_slow_disk(tmp_path):
    """Run the program with every fsync late; (its process id, the threads that called fsync)."""
    if not can_trace():
        pytest.skip("strace is not here or may not be used")

    def run(path, end):
        log = tmp_path / "strace.log"
        strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-e", SLOW, "-o", str(log)]
        ran = subprocess.run(
            [*strace, sys.executable, "-c", PROGRAM, str(path), end],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert ran.stdout, ran.stderr
        delayed = [line.split()[0] for line in log.read_text(errors="replace").splitlines() if "sync(" in line]
        return ran.stdout.strip(), delayed

    return run


def test_the_last_choice_survives_a_kill_on_a_slow_disk(on_a_slow_disk, tmp_path):
    path = tmp_path / "preferences.ini"
    on_a_slow_disk(path, "killed")
    choices = Preferences(path).choices
    assert (choices.theme, choices.text_scale) == ("dark", 2.0)


def test_the_windows_thread_never_waits_for_the_disk_and_all_is_in_the_file_at_the_end(on_a_slow_disk, tmp_path):
    path = tmp_path / "preferences.ini"
    window, waited = on_a_slow_disk(path, "closed")
    assert waited and window not in waited
    assert not ChoicesFile(path).has_note and "text_scale=2" in path.read_text("utf-8")
    assert Preferences(path).choices.theme == "dark"


def test_a_note_torn_by_a_power_cut_is_left_out_and_goes(tmp_path, qapp):
    path = tmp_path / "preferences.ini"
    Preferences(path).change(theme="dark")
    file = ChoicesFile(path)
    file.note({"theme": "light"})
    whole = file.note_path.read_bytes()
    for torn in (b"", whole[:-3], bytes(len(whole)), whole.replace(b"light", b"right")):
        file.note_path.write_bytes(torn)
        assert Preferences(path).choices == Choices(theme="dark")
        assert not file.has_note


def test_a_whole_note_counts_more_than_the_file_and_goes_into_it(tmp_path, qapp):
    path = tmp_path / "preferences.ini"
    Preferences(path).change(theme="dark", text_scale=1.5)
    ChoicesFile(path).note({"theme": "light", "text_scale": "huge", "unknown": 1})
    assert Preferences(path).choices == Choices(theme="light", text_scale=1.5)
    assert not ChoicesFile(path).has_note and "theme=light" in path.read_text("utf-8")


def test_a_disk_that_refuses_keeps_the_choice_for_this_run(tmp_path, qapp, caplog):
    (tmp_path / "file").write_text("no folder", "utf-8")
    background = Background()
    preferences = Preferences(tmp_path / "file" / "preferences.ini", background)
    preferences.change(theme="dark")
    background.close()
    assert preferences.choices.theme == "dark" and "could not be noted" in caplog.text
