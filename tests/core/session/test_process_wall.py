"""A process behind the wall reaches no network and starts no program, by whatever thread; what it needs still works."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emoasst_core.session import process_wall

needs_wall = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "aarch64"), reason="no such wall on this system"
)

CHILD = """
import os, socket, subprocess, sys, threading
from emoasst_core.session.process_wall import wall_off_this_process

wanted, before = threading.Event(), []
def older_thread():  # there before the wall
    wanted.wait()
    before.append(attempt(lambda: socket.socket(socket.AF_INET)))

def attempt(what):
    try:
        what()
    except PermissionError:
        return "refused"
    except OSError as error:
        return error.strerror
    return "done"

port, host = int(sys.argv[1]), "127.0.0.1"
thread = threading.Thread(target=older_thread)
thread.start()
ready = socket.socket(socket.AF_INET)
assert wall_off_this_process()
print("connect", attempt(lambda: ready.connect((host, port))))
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
    print("socket", attempt(lambda: socket.socket(family)))
print("http", attempt(lambda: socket.create_connection((host, port))))
print("program", attempt(lambda: subprocess.run(["/bin/true"])))
wanted.set(); thread.join()
print("older thread", before[0])
newer = threading.Thread(target=lambda: before.append(attempt(lambda: socket.socket(socket.AF_INET))))
newer.start(); newer.join()
print("newer thread", before[1])
child = os.fork()
if not child:
    os._exit(attempt(lambda: socket.socket(socket.AF_INET)) != "refused")
print("forked", "refused" if os.waitpid(child, 0)[1] == 0 else "done")
print("again", wall_off_this_process())
ours, theirs = os.pipe(); os.write(theirs, b"x")
print("pipe", os.read(ours, 1) == b"x", "file", len(open(sys.argv[2]).read()) > 0)
"""


@needs_wall
def test_no_connection_and_no_program_by_any_thread_while_pipes_and_files_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", CHILD, str(server.getsockname()[1]), __file__]
        result = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3], check=True)
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    said = result.stdout.splitlines()
    assert said[-1] == "pipe True file True" and said[-2] == "again True"
    assert len(said) == 12 and all(line.endswith(" refused") for line in said[:-2]), said


def test_the_wall_says_so_where_it_cannot_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    for system, machine in (("darwin", "arm64"), ("win32", "AMD64"), ("linux", "riscv64")):
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        assert not process_wall.wall_off_this_process()
    monkeypatch.undo()
    socket.socket().close()  # this process is behind no wall
