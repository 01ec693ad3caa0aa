"""A wall around a process that reads what came from outside: from then on it opens no connection and starts no program.

On Linux the system itself refuses those calls (seccomp, no library needed); threads and processes that follow stay behind it, and
nothing takes it down again. Elsewhere a process cannot put one around itself so, and none is there.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys
from dataclasses import dataclass
from typing import Final

# Of linux/filter.h, linux/seccomp.h, linux/prctl.h and linux/audit.h.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4  # in struct seccomp_data
_ALLOW, _REFUSE, _END_PROCESS = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x80000000
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS = 38, 1, 1


@dataclass(frozen=True, slots=True)
class _Machine:
    """Numbers of one kind of processor; `other_tables_from` on, numbers mean calls of another table."""

    audit_number: int
    seccomp: int
    refused: tuple[int, ...]
    other_tables_from: int = 0x40000000


# socket, connect, bind, execve, execveat, ptrace, process_vm_writev, io_uring_setup, pidfd_getfd: ways to the network, to other
# programs, or to have another process do it.
_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, 317, (41, 42, 49, 59, 322, 101, 311, 425, 438)),
    "aarch64": _Machine(0xC00000B7, 277, (198, 203, 200, 221, 281, 117, 271, 425, 438)),
}


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("if_true", ctypes.c_uint8), ("if_false", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("num_steps", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step)))


def wall_off_this_process() -> bool:
    """Let this process, with every thread it has, open no more sockets and start no more programs; pipes it has stay open.

    Returns:
        Whether the wall stands. False on systems other than Linux on x86-64 or ARM64, and where the kernel has no seccomp.
    """
    machine = _MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or machine is None or sys.maxsize < 2**32:
        return False
    steps = _steps(machine)
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))) != 0:
        return False
    numbers = (machine.seccomp, _SET_FILTER, _ALL_THREADS)
    return bool(system.syscall(*map(ctypes.c_long, numbers), ctypes.byref(program)) == 0)


def _steps(machine: _Machine) -> list[_Step]:
    """Calls of another processor's table end the process, the refused ones fail, all others pass."""
    num_refused = len(machine.refused)
    return [
        _Step(_LOAD, 0, 0, _ARCHITECTURE_AT),
        _Step(_IF_EQUAL, 1, 0, machine.audit_number),
        _Step(_RETURN, 0, 0, _END_PROCESS),
        _Step(_LOAD, 0, 0, _NUMBER_AT),
        _Step(_IF_AT_LEAST, num_refused + 1, 0, machine.other_tables_from),
        *(_Step(_IF_EQUAL, num_refused - place, 0, number) for place, number in enumerate(machine.refused)),
        _Step(_RETURN, 0, 0, _ALLOW),
        _Step(_RETURN, 0, 0, _REFUSE),
    ]
