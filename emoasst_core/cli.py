"""`emoasst`: one door to every command. Importing it loads no model, no torch and no Qt."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from emoasst_core.errors import ConfigError, EmoAsstError, ManifestError, MediaError

COMMANDS = ("analyze", "app", "bench", "cache", "data", "eval", "export", "import_files", "keys", "models", "train")
FAILED, UNUSABLE_INPUT = 1, 2


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="emoasst",
        description="Calm, honest cues about the feelings another person seems to show. Everything stays on this machine.",
        epilog="example:\n  emoasst analyze conversation.mp4 --out session",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"EmoAsst {program_version()}", help="say which version this is")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"emoasst_core.commands.{name}").add_parser(subparsers)
    return parser


def program_version() -> str:
    """Version of the installed package."""
    try:
        return version("emoasst")
    except PackageNotFoundError:
        return "(not installed)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 if all went well, 1 if it failed or was interrupted, 2 if the input cannot be used.
    """
    options = build_parser().parse_args(arguments)
    _keep_no_memory_image()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)  # ended from outside as from the keyboard: nothing half-written, no process left
    try:
        return int(options.run(options))
    except EmoAsstError as error:
        print(f"emoasst: {error}", file=sys.stderr)  # noqa: T201
        return UNUSABLE_INPUT if isinstance(error, MediaError | ManifestError | ConfigError) else FAILED
    except KeyboardInterrupt:
        print("emoasst: stopped.", file=sys.stderr)  # noqa: T201
        return FAILED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:  # a full disk, a folder that may not be written: nothing that a list of calls would explain
        print(f"emoasst: {_refusal(error)}", file=sys.stderr)  # noqa: T201
        return FAILED


def _keep_no_memory_image() -> None:
    """Where a crash would leave this process' memory in a file, it leaves none: keys and pictures are in it. Children follow."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _refusal(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"The computer refused: {error.strerror or error}{where}. Check the room on the disk and that you may write there."


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
