"""Set EmoAsst up and start it, run its tests, or clean up: what `make` calls. Standard library only.

    python packaging/bootstrap.py setup   make .venv and install everything into it
    python packaging/bootstrap.py run     the window; the bundled demo where there is no screen or camera
    python packaging/bootstrap.py demo    the bundled demo: a drawn conversation is analysed
    python packaging/bootstrap.py test    every check and every test
    python packaging/bootstrap.py faults  every fault the program must survive, at full numbers; goes on where it was stopped
    python packaging/bootstrap.py sbom    write what is installed, with versions and licences, to sbom.json
    python packaging/bootstrap.py audit   look the installed packages up among known weaknesses (needs the internet)
    python packaging/bootstrap.py clean   remove what set-up and tests made

The first start takes minutes (about 1 GB is fetched), later ones a second: a stamp in .venv remembers what was installed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from system_libraries import ensure_python_venv, ensure_system_libraries

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "installed.stamp"  # written last: its content names exactly what was installed
UNFINISHED = VENV / "unfinished.mark"  # there while pip works: a set-up that was killed is started afresh
LOG = VENV / "setup.log"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
DEMO = ROOT / "assets" / "demo" / "conversation.webm"
DEMO_OUT = ROOT / "runs" / "demo"
MADE_BY_TESTS = ("test-output", "build", "dist", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache")
CHECK_IMPORTS = "import av, cv2, numpy, torch, sqlcipher3, cryptography, argon2; import emoasst_core"


def say(text: str) -> None:
    """One plain sentence to the reader, at once even through a pipe."""
    print(text, flush=True)


def supported_python() -> str | None:
    """The interpreter to build on: this one (outside any virtual environment), else a fitting one on the PATH, else None."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable if sys.prefix == sys.base_prefix else str(getattr(sys, "_base_executable", sys.executable))
    for version in SUPPORTED:
        candidate = shutil.which(f"python{version[0]}.{version[1]}")
        if candidate and runs([candidate, "-c", "import sys"]):
            return candidate
    return None


def runs(command: list[str]) -> bool:
    """Whether a command can be started and ends well; its output is not shown."""
    try:
        return subprocess.run(command, capture_output=True, timeout=300).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def venv_program(name: str) -> str:
    """Path of a program inside the virtual environment."""
    folder, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    return str(VENV / folder / f"{name}{suffix}")


def wanted_stamp() -> str:
    """What the stamp holds when .venv is up to date: the dependencies, and the place, as a virtual environment cannot move."""
    return f"{hashlib.sha256((ROOT / 'pyproject.toml').read_bytes()).hexdigest()}\n{VENV}\n"


def is_ready() -> bool:
    """Whether .venv is complete, belongs to this folder and starts."""
    try:
        stamped = STAMP.read_text("utf-8")
    except OSError:
        return False
    return stamped == wanted_stamp() and not UNFINISHED.exists() and runs([venv_program("python"), "-c", "pass"])


def setup() -> int:
    """Make .venv complete; quick when it already is.

    Returns:
        0, or 1 after saying what to do.
    """
    ensure_system_libraries(say)
    if is_ready():
        return 0
    started = time.monotonic()
    say("Setting EmoAsst up. The first time this takes a few minutes.")
    if not make_venv():
        return 1
    UNFINISHED.touch()
    STAMP.unlink(missing_ok=True)
    if not install():
        say(f"The installation did not succeed; everything pip said is in {LOG}.")
        say("Check the internet connection and the space on the disk, then start again.")
        return 1
    UNFINISHED.unlink()
    STAMP.write_text(wanted_stamp(), "utf-8")
    say(f"EmoAsst is set up ({time.monotonic() - started:.0f} s).")
    return 0


def make_venv() -> bool:
    """Make the virtual environment, or keep the one there is if it works and no set-up was cut short in it."""
    if VENV.exists():
        broken = UNFINISHED.exists() or not runs([venv_program("python"), "-m", "pip", "--version"])
        if not broken and not belongs_elsewhere():
            say("Bringing the virtual environment in .venv up to date.")
            return True
        say("The virtual environment in .venv is incomplete; making it anew.")
    if importlib.util.find_spec("ensurepip") is None and not ensure_python_venv(say):
        return False
    say(f"Making a virtual environment in {VENV}.")
    result = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if result.returncode != 0:
        say(f"The virtual environment could not be made:\n{result.stdout}{result.stderr}")
    return result.returncode == 0


def belongs_elsewhere() -> bool:
    """Whether .venv was made in another folder and moved here, so that its programs point astray."""
    return STAMP.exists() and STAMP.read_text("utf-8").splitlines()[1:] != [str(VENV)]


def install() -> bool:
    """Install the project and its development tools; a failure is tried once more, as networks falter."""
    pip = [venv_program("python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    say("Fetching and installing what EmoAsst needs.")
    LOG.write_text("", "utf-8")
    logged([*pip, "install", "--upgrade", "pip"])  # an older pip will do as well
    # One command for everything: the resolver then keeps torch and torchvision of one kind.
    for attempt in (1, 2):
        if logged([*pip, "install", "--editable", f"{ROOT}[dev]"]):
            break
        if attempt == 2:
            return False
        say("That did not work; trying once more.")
    say("Checking that the libraries load.")
    if logged([venv_program("python"), "-W", "ignore", "-c", CHECK_IMPORTS]):
        return True
    say("A library was installed but does not load.")
    return False


def logged(command: list[str]) -> bool:
    """Run a command with its output in the log; say every 15 s what it is doing.

    Returns:
        Whether it ended well.
    """
    last_said = time.monotonic()
    num_packages, doing = 0, ""
    with LOG.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace"
        )
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if line.startswith("Collecting "):
                num_packages += 1
                doing = f"{num_packages} packages found so far"
            elif line.startswith("Installing collected") and num_packages > 1:
                doing = f"putting {line.count(',') + 1} packages in place"
                last_said = -math.inf
            elif line.startswith("Successfully installed"):
                doing = ""
            if doing and time.monotonic() - last_said > 15:
                say(f"  ... {doing}")
                last_said = time.monotonic()
    if process.wait() != 0:
        tail = LOG.read_text("utf-8", errors="replace").splitlines()[-12:]
        say("\n".join(f"  | {line}" for line in tail))
    return process.returncode == 0


def has_screen() -> bool:
    """Whether a window can be shown."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def has_camera() -> bool:
    """Whether a camera is attached. Asked of the system only where that wakes neither the camera nor a permission dialogue."""
    return any(Path("/dev").glob("video*")) if sys.platform.startswith("linux") else True


def run() -> int:
    """Start the window, or the demo where there is nothing to show it on or to see with."""
    if not has_screen():
        say("There is no screen here, so the bundled demo is analysed instead of opening the window.")
        return demo()
    if not has_camera():
        say("No camera was found, so the bundled demo is analysed. The window opens with: .venv/bin/emoasst app")
        return demo()
    return subprocess.call([venv_program("emoasst"), "app"])


def demo() -> int:
    """Analyse the drawn conversation that ships with the project."""
    own = ["--database", str(DEMO_OUT / "demo.sqlite")]  # the family's database is not the place for a drawn conversation
    return subprocess.call([venv_program("emoasst"), "analyze", str(DEMO), "--out", str(DEMO_OUT), *own])


def test() -> int:
    """Every check and every test; all of them run, so one start shows everything that is wrong.

    Returns:
        0 if all passed, else 1.
    """
    from checks import parts, run_all  # beside this file

    environment = {"OMP_NUM_THREADS": "1", **os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start the program often: it is compiled once
    return run_all(parts(ROOT, venv_program("python"), venv_program("lint-imports")), ROOT, environment, say)


def faults() -> int:
    """The table of faults at its full numbers; results go to test-output/faults."""
    return subprocess.call([venv_program("python"), "-m", "tests.faults"], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def sbom() -> int:
    """Write what is installed as a CycloneDX document; asks no server."""
    return subprocess.call([venv_program("python"), str(ROOT / "packaging" / "sbom.py"), str(ROOT / "sbom.json")])


def audit() -> int:
    """Look what is installed up among known weaknesses, with a tool that is kept apart from it.

    Returns:
        0 if none is known, 1 if some are, 2 if nobody could be asked.
    """
    from audit import audit_environment  # beside this file

    return audit_environment(venv_program("python"), ROOT / ".venv-audit", say)


def clean() -> int:
    """Remove the virtual environment, caches and test output. Recordings, sessions and the database are not touched."""
    for name in (VENV.name, ".venv-audit", *MADE_BY_TESTS):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for cache in ROOT.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)
    say("Removed .venv, caches and test output. Sessions and recordings are untouched.")
    return 0


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("setup", "run", "demo", "test", "clean", "faults", "sbom", "audit"))
    action = parser.parse_args().action
    if action == "clean":
        return clean()
    if (python := supported_python()) is None:
        say(f"EmoAsst needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}. Install one of them and start again.")
        return 1
    if python != sys.executable:
        return subprocess.call([python, str(Path(__file__).resolve()), action])
    if setup() != 0:
        return 1
    actions = {"setup": lambda: 0, "run": run, "demo": demo, "test": test, "faults": faults, "sbom": sbom, "audit": audit}
    return actions[action]()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("\nStopped.")
        sys.exit(130)
