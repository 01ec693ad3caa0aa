"""A disk that loses power: the writes of a real process, logged by strace, replayed up to any moment.

What had been forced to the disk by then is there. Of the rest each file keeps a part: nothing, some of it in order with the
last write torn in the middle of a sector row, or any of its writes. A name in a folder (made, renamed, removed) is sure once
that folder was forced to the disk; of later changes some, in order, are there. New folders themselves count as kept.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
CALLS = (
    "open,openat,creat,write,pwrite64,ftruncate,fsync,fdatasync,close,lseek,rename,renameat,renameat2,"
    "unlink,unlinkat,link,linkat,mkdir,mkdirat"
)
_LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def logged(command: list[str], log: Path, environment: dict[str, str], is_over: Callable[[str], bool], limit_s: float) -> None:
    """Run a command under strace until it has said enough, then kill it."""
    strace = ["strace", "-f", "-qq", "-xx", "-s", "8000000", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(log)]
    began = time.monotonic()
    with subprocess.Popen([*strace, *command], stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout:
            if is_over(line) or time.monotonic() - began > limit_s:
                break
        subprocess.run(["pkill", "-KILL", "-P", str(process.pid)], check=False)
        process.kill()


def can_trace() -> bool:
    """Whether strace is here and may be used."""
    if not (sys.platform.startswith("linux") and shutil.which("strace")):
        return False
    return subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


@dataclass
class _File:
    sure: bytearray = field(default_factory=bytearray)
    later: list[tuple[int, bytes | None]] = field(default_factory=list)  # (place, data); None: cut there

    def sync(self) -> None:
        for place, data in self.later:
            _apply(self.sure, place, data)
        self.later = []

    def after_cut(self, chance: random.Random) -> bytes:
        """What the disk holds of it."""
        content, how = bytearray(self.sure), chance.choice(("none", "torn", "some", "all"))
        kept = self.later
        if how == "none":
            kept = []
        elif how == "some":
            kept = [one for one in kept if chance.random() < 0.5]
        elif how == "torn" and kept:
            kept = kept[: chance.randrange(len(kept)) + 1]
            place, data = kept[-1]
            if data:
                kept = [*kept[:-1], (place, data[: chance.randrange(len(data) // SECTOR + 1) * SECTOR])]
        for place, data in kept:
            _apply(content, place, data)
        return bytes(content)


def _apply(content: bytearray, place: int, data: bytes | None) -> None:
    if data is None:
        del content[place:]
        content.extend(bytes(place - len(content)))
        return
    content.extend(bytes(max(0, place - len(content))))
    content[place : place + len(data)] = data


class Disk:
    """Follows a log line by line; `said` holds what the process had told us by then.

    Args:
        folder: only what lies below it is followed.
    """

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self._folder = str(folder)
        self._names: dict[str, _File] = {}  # as the process sees them
        self._sure: dict[str, _File] = {}
        self._later: dict[str, list[tuple[str, _File | None]]] = defaultdict(list)  # per folder
        self._folders: set[str] = set()
        self._open: dict[int, tuple[str, _File | None, int]] = {}  # handle -> path, file, place
        self._begun: dict[tuple[str, str], str] = {}

    def follow(self, line: str) -> None:
        """Take one line of the log."""
        found = _LINE.match(line)
        if not found:
            return
        thread, call, rest = found.groups()
        if rest.endswith("<unfinished ...>"):
            self._begun[thread, call] = rest[: -len("<unfinished ...>")]
            return
        rest = self._begun.pop((thread, call), "") + rest
        given, _, result = rest.rpartition(" = ")
        if result.lstrip("-").split(" ")[0].isdigit() and not result.startswith("-"):
            self._take(call, given, int(result.split(" ")[0]))

    def write_image(self, target: Path, chance: random.Random) -> None:
        """What is on the disk when the power fails now."""
        names = dict(self._sure)
        for changes in self._later.values():
            for path, file in changes[: chance.randint(0, len(changes))]:
                _set(names, path, file)
        for folder in self._folders:
            (target / Path(folder).relative_to(self._folder)).mkdir(parents=True, exist_ok=True)
        contents = {id(file): file.after_cut(chance) for file in names.values()}
        for path, file in names.items():
            place = target / Path(path).relative_to(self._folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(contents[id(file)])

    def _take(self, call: str, given: str, result: int) -> None:
        paths = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(given)]
        number = int(match.group()) if (match := re.match(r"\d+", given)) else -1
        if call in ("open", "openat", "creat"):
            self._opened(paths[0].decode(), given, result)
        elif call in ("mkdir", "mkdirat") and self._is_ours(paths[0].decode()):
            self._folders.add(paths[0].decode())
        elif call.startswith(("rename", "link")) and len(paths) == 2:
            self._named(call, paths[0].decode(), paths[1].decode())
        elif call.startswith("unlink"):
            self._name(paths[0].decode(), None)
        elif call == "write" and number == 1:
            self.said += paths[0].decode(errors="replace").splitlines()
        elif number in self._open:
            self._on_handle(call, number, given, paths, result)

    def _opened(self, path: str, given: str, handle: int) -> None:
        self._open.pop(handle, None)
        if not self._is_ours(path):
            return
        if Path(path).is_dir() or "O_DIRECTORY" in given:
            self._open[handle] = (path, None, 0)
            return
        if path not in self._names and "O_CREAT" in given:
            self._name(path, _File())
        file = self._names.get(path)
        if file is not None and "O_TRUNC" in given:
            file.later.append((0, None))
        self._open[handle] = (path, file, 0)

    def _on_handle(self, call: str, handle: int, given: str, paths: list[bytes], result: int) -> None:
        path, file, place = self._open[handle]
        if call == "close":
            del self._open[handle]
        elif call in ("fsync", "fdatasync"):
            if file is not None:
                file.sync()
            for name, named in self._later.pop(path, []) if file is None else ():
                _set(self._sure, name, named)
        elif file is None:
            return
        elif call == "lseek":
            self._open[handle] = (path, file, result)
        elif call == "write":
            file.later.append((place, paths[0][:result]))
            self._open[handle] = (path, file, place + result)
        elif call == "pwrite64":
            file.later.append((int(given.rstrip(") ").rsplit(",", 1)[1]), paths[0][:result]))
        elif call == "ftruncate":
            file.later.append((int(given.rstrip(") ").rsplit(",", 1)[1]), None))

    def _named(self, call: str, old: str, new: str) -> None:
        file = self._names.get(old)
        if file is None or not self._is_ours(new):
            return
        self._name(new, file)
        if call.startswith("rename"):
            self._name(old, None)

    def _name(self, path: str, file: _File | None) -> None:
        if self._is_ours(path):
            _set(self._names, path, file)
            self._later[str(Path(path).parent)].append((path, file))

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._folder + "/") or path == self._folder


def _set(names: dict[str, _File], path: str, file: _File | None) -> None:
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file
