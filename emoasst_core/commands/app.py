"""`emoasst app`: the window."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

from emoasst_core.errors import EmoAsstError
from emoasst_core.paths import home
from emoasst_core.store.instance import only_instance

EXAMPLES = """examples:
  emoasst app
  emoasst app --recording talk.mp4
  emoasst app --profile starter
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "app",
        help="open the window",
        description="Open a recording or the camera, watch the cues, and correct them afterwards.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recording", type=Path, metavar="FILE", help="play this recording at once")
    parser.add_argument("--profile", default="starter", metavar="NAME", help="name or folder of the models (default: starter)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Open the window and stay until it is closed.

    Raises:
        EmoAsstError: the window toolkit is not installed or cannot start here.
    """
    try:
        from app.application import main  # brings Qt in: only now
    except ImportError as error:
        raise EmoAsstError(f"The window cannot be opened: {error}.", "Install PySide6, or use `emoasst analyze`.") from error
    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not has_screen:
        raise EmoAsstError("There is no screen here to open a window on.", "Use `emoasst analyze RECORDING` instead.")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the window's loop would not notice a Python handler
    recording = ["--recording", str(arguments.recording)] if arguments.recording is not None else []
    with only_instance(home()):
        return main(["--profile", arguments.profile, *recording])


def bench_review(database_path: Path, session_id: str, num_points: int, repeats: int) -> dict[str, Any]:
    """Figures of the review page, for `emoasst bench review`; needs no screen.

    Raises:
        EmoAsstError: the window toolkit is not installed or cannot start here.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        from app.bench_review import bench_window
    except ImportError as error:
        raise EmoAsstError(f"The window cannot be opened: {error}.", "Install PySide6.") from error
    return bench_window(database_path, session_id, num_points, repeats)
