"""What stands on the diagnostics page: versions, devices, models, queues, losses and the last lines of the log, as plain text.

It can be copied to whoever helps, so nothing personal is in it: folders of this account, names of people and of recordings
are blotted out.
"""

from __future__ import annotations

import logging
import platform
import re
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.devices import Devices
from emoasst_core.session.events import RunnerStatus

LIBRARIES = ("emoasst", "PySide6_Essentials", "torch", "opencv-python-headless", "av", "sounddevice", "faster-whisper", "numpy")
NUM_LOG_LINES = 40
BLOTTED = "<name>"
_PATH = re.compile(r"(?:[A-Za-z]:)?[\\/](?:[^\s\\/:*?\"<>|]+[\\/])+[^\s\\/:*?\"<>|]*")
_MEDIA = re.compile(r"\S+\.(?:mp4|mkv|mov|avi|webm|m4v|mpe?g|wav|mp3|flac|ogg|m4a|aac)\b", re.IGNORECASE)

Lines = Sequence[tuple[str, str]]


class LogTail(logging.Handler):
    """Keeps the last lines that were logged in this process."""

    def __init__(self, num_lines: int = NUM_LOG_LINES) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[str] = deque(maxlen=num_lines)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line; the traceback's last line is enough to tell faults apart."""
        text = self.format(record).splitlines()
        self._lines.append(text[0] if len(text) == 1 else f"{text[0]} | {text[-1]}")

    @property
    def lines(self) -> list[str]:
        """Oldest first."""
        return list(self._lines)


def without_names(text: str, names: Iterable[str] = ()) -> str:
    """Text without folders, recordings and people.

    >>> without_names("cannot read /media/stick/talk.mp4 of Leo", ["Leo"])
    'cannot read <path> of <name>'
    """
    for name in sorted((name for name in names if name.strip()), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", BLOTTED, text)
    text = text.replace(str(Path.home()), "<path>")
    return _MEDIA.sub("<file>", _PATH.sub("<path>", text))


def versions() -> Lines:
    """Of the program, the system and the libraries that matter."""
    found = [("System", f"{platform.system()} {platform.release()}, {platform.machine()}"), ("Python", sys.version.split()[0])]
    for name in LIBRARIES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "not installed"))
    return found


def model_lines(profile: str) -> Lines:
    """Name, version and hash of the models in use; reads their files, so call it off the window's thread."""
    from emoasst_core.profile import read_profile, resolve_profile
    from emoasst_core.systems.opening import hash_of_profile
    from emoasst_core.systems.profile import EMOASST, read_system_profile, system_of

    folder = resolve_profile(profile)
    if (system := system_of(folder)) != EMOASST:
        other = read_system_profile(folder)
        return [
            ("Profile", f"{other.name} {other.version}"),
            ("System", system),
            ("Hash of the encoders", hash_of_profile(folder)),
        ]
    config = read_profile(folder)
    return [
        ("Profile", f"{config.name} {config.version}"),
        ("Hash of the encoders", hash_of_profile(folder)),
    ]


def device_lines(devices: Devices) -> Lines:
    """What is plugged in, by the maker's name."""
    found = [("Camera", one.name) for one in devices.cameras] + [("Microphone", one.name) for one in devices.microphones]
    found += [("Trouble", " ".join(trouble)) for trouble in devices.troubles]
    return found or [("Devices", "none")]


def status_lines(status: RunnerStatus) -> Lines:
    """How the session stands: queues, drops, ages, restarts."""
    return [
        ("State", status.state.value),
        (
            "Pictures offered / analysed / dropped",
            f"{status.frames_offered} / {status.frames_analysed} / {status.frames_dropped}",
        ),
        ("Rate of analysis", f"{status.rate_hz:.1f} per second{', slow' if status.is_slow else ''}"),
        ("Sound blocks / waiting", f"{status.sound_blocks} / {status.sound_waiting}"),
        ("Sound lost", f"{status.sound_lost_s:.1f} s"),
        ("Age of last picture", _age(status.camera_age_s)),
        ("Age of last sound", _age(status.microphone_age_s)),
        ("Restarts of the model process", str(status.worker_restarts)),
    ]


def as_text(sections: Sequence[tuple[str, Lines]], log: Sequence[str], names: Iterable[str]) -> str:
    """Everything as text to copy."""
    parts = [f"{title}\n" + "\n".join(f"  {name}: {value}" for name, value in lines) for title, lines in sections]
    parts.append("Last log lines\n" + ("\n".join(f"  {line}" for line in log) or "  none"))
    return without_names("\n\n".join(parts), names)


def _age(age_s: float | None) -> str:
    return "not in use" if age_s is None else f"{age_s:.1f} s"
