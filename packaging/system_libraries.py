"""The system's own libraries that the Python packages cannot carry: found, installed where allowed, else named."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Say = Callable[[str], None]

# Debian and Ubuntu package -> the library it brings, and what stops working without it.
LIBRARIES = {
    "libportaudio2": "libportaudio.so.2",  # microphone
    "libpulse0": "libpulse.so.0",  # sound in the window's player
    "libglib2.0-0": "libglib-2.0.so.0",  # every part of Qt
    "libegl1": "libEGL.so.1",  # Qt's window system layer, offscreen included
    "libgl1": "libGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",  # from here on: windows under X11
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-xinerama0": "libxcb-xinerama.so.0",
}
FONT_PACKAGE = "fonts-dejavu-core"  # a machine without any font shows boxes instead of words
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")


def missing_packages() -> list[str]:
    """Debian names of what this Linux machine lacks; empty on other systems, whose wheels carry everything."""
    if not sys.platform.startswith("linux"):
        return []
    missing = [package for package, library in LIBRARIES.items() if not loads(library)]
    if not any(True for folder in FONT_FOLDERS for _ in folder.rglob("*.[ot]tf")):
        missing.append(FONT_PACKAGE)
    return missing


def loads(library: str) -> bool:
    """Whether the dynamic loader finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def ensure_system_libraries(say: Say) -> None:
    """Install the missing libraries as root on Debian and Ubuntu; elsewhere say what is missing and go on."""
    missing = missing_packages()
    if not missing:
        return
    if not shutil.which("apt-get"):
        files = ", ".join(LIBRARIES.get(package, package) for package in missing)
        say(f"Some system libraries were not found: {files}. Install them with your system's package manager if the")
        say("window or the microphone does not work.")
        return
    if may_install():
        say(f"Installing system libraries: {' '.join(missing)}.")
        apt_install(missing)
        missing = missing_packages()
    if missing:
        say("Some system libraries are missing; the window or the microphone may not work until you type:")
        say(f"  {'' if may_install() else 'sudo '}apt-get install {' '.join(missing)}")


def ensure_python_venv(say: Say) -> bool:
    """Get Python's `venv` where Debian and Ubuntu split it off.

    Returns:
        Whether virtual environments can now be made.
    """
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if shutil.which("apt-get") and may_install():
        say(f"Installing {package}.")
        apt_install([package])
        if subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True).returncode == 0:
            return True
    say(f"This Python cannot make virtual environments. On Debian and Ubuntu type: sudo apt-get install {package}")
    return False


def may_install() -> bool:
    """Whether this process is root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(packages: list[str]) -> None:
    """Install with apt-get, all at once or, if one name is unknown to this release, one by one."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}

    def apt(*arguments: str) -> bool:
        return subprocess.run(["apt-get", "-q", "-y", *arguments], env=environment, capture_output=True).returncode == 0

    apt("update")
    install = ("install", "--no-install-recommends")
    if not apt(*install, *packages):
        for package in packages:
            apt(*install, package)
