"""`emoasst models`: list, download, import and verify models. Nothing else in EmoAsst goes online."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from emoasst_core import paths
from emoasst_core.encoders.checkpoints import sha256_of
from emoasst_core.encoders.file_download import DownloadOptions, DownloadProgress
from emoasst_core.encoders.folder_pins import find_changes, pin, pinned_folders
from emoasst_core.encoders.installation import RECORD_FILE, find_faults, read_record
from emoasst_core.encoders.model_download import download_model, import_model
from emoasst_core.encoders.model_registry import ModelEntry, ModelRegistry
from emoasst_core.errors import EmoAsstError, ModelError
from emoasst_core.profile import PROFILE_FILE, list_profiles

EXAMPLES = """examples:
  emoasst models list
  emoasst models download yunet faster-whisper-base
  emoasst models import /media/stick                      every listed model found there
  emoasst models import ~/Downloads --name emotionclip --accept-unpinned
  emoasst models verify                                   compare every installed model with its hashes
  emoasst models verify ~/my-run --accept                 a --profile folder was changed, and by you

Interrupt a download with Ctrl-C; the same command goes on where it stopped.
"""


def add_parser(subparsers: Any) -> None:
    """Add `models` and its four actions."""
    parser = subparsers.add_parser(
        "models",
        help="list, download, import and verify models",
        description="Models are kept in one folder each and used from there without any network.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show every model, its size, licence and whether it is installed")
    download = actions.add_parser("download", help="fetch models, check their hashes and install them")
    download.add_argument("names", nargs="+", metavar="NAME", help="as shown by `emoasst models list`")
    download.add_argument("--stall", type=float, default=20.0, metavar="SECONDS", help="silence after which to reconnect (20)")
    importing = actions.add_parser("import", help="take models from a folder, for instance a USB stick")
    importing.add_argument("folder", type=Path, metavar="FOLDER", help="holds the files, or one folder per model")
    importing.add_argument("--name", metavar="NAME", help="which model it is; without it, every listed model found there")
    verify = actions.add_parser("verify", help="compare installed models, and folders used with --profile, with their hashes")
    verify.add_argument("names", nargs="*", metavar="NAME", help="or a folder; all that are known if none is named")
    verify.add_argument("--accept", action="store_true", help="take a folder as it is now: the change was yours")
    for action in (download, importing):
        action.add_argument("--accept-unpinned", action="store_true", help="allow a model whose hash is not known beforehand")
    for action in (listing, download, importing, verify):
        action.add_argument("--models", type=Path, metavar="FOLDER", help="where models lie (default: your user data folder)")
        action.add_argument("--registry", type=Path, metavar="FILE", help="another list of models, such as your own mirror's")
    for action, run_action, example in (
        (listing, _list, "list"),
        (download, _download, "download yunet"),
        (importing, _import, "import /media/stick"),
        (verify, _verify, "verify"),
    ):
        action.epilog = f"example: emoasst models {example}"
        action.set_defaults(run_action=run_action)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; 0 if all went well, 1 if not, 2 if there was nothing usable to do it with."""
    folder = arguments.models or paths.models_folder()
    result: int = arguments.run_action(arguments, ModelRegistry(arguments.registry), folder)
    return result


def show_bytes(count: int) -> str:
    """Bytes for people; decimal, as disks and download pages count.

    >>> show_bytes(605_143_284)
    '605.1 MB'
    """
    if not count:
        return "size unknown"
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"


def show_size(entry: ModelEntry) -> str:
    """What a model weighs on arrival, as far as it is known."""
    exact = all(file.size_bytes for file in entry.files)
    return show_bytes(entry.shown_bytes) if exact or not entry.shown_bytes else f"about {show_bytes(entry.shown_bytes)}"


def _list(_arguments: argparse.Namespace, registry: ModelRegistry, folder: Path) -> int:
    table = Table("model", "size", "licence", "installed", "what it is", box=None, pad_edge=False)
    for entry in registry:
        table.add_row(entry.name, show_size(entry), entry.licence, _state(entry, folder), entry.title)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"Installed models lie in {folder}", highlight=False, soft_wrap=True)
    console.print(f"Profiles for --profile: {', '.join(list_profiles())}", highlight=False, soft_wrap=True)
    return 0


def _state(entry: ModelEntry, folder: Path) -> str:
    if (folder / entry.name).is_dir():
        record = read_record(folder / entry.name)
        return "yes" if record and record.revision == entry.revision else "other version"
    if (folder / f".{entry.name}.downloading").is_dir():
        return "in part"
    return "by hand" if entry.by_hand else "no"


def _download(arguments: argparse.Namespace, registry: ModelRegistry, folder: Path) -> int:
    entries = [registry.entry(name) for name in dict.fromkeys(arguments.names)]
    options = DownloadOptions(stall_s=arguments.stall)
    for entry in entries:
        print(f"{entry.name}: {show_size(entry)} from {entry.source} ({entry.licence})", file=sys.stderr)
    try:
        for entry in entries:
            with _progress() as progress:
                on_progress = _Bars(progress)
                installed = download_model(entry, folder, arguments.accept_unpinned, options, on_progress)
            _report(entry, installed)
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on.", file=sys.stderr)
        return 1
    return 0


def _import(arguments: argparse.Namespace, registry: ModelRegistry, folder: Path) -> int:
    if not arguments.folder.is_dir():
        raise ModelError(f"There is no folder {arguments.folder}.", "Name the folder that holds the model's files.")
    entries = [registry.entry(arguments.name)] if arguments.name else _found_in(arguments.folder, registry)
    if not entries:
        print(
            f"emoasst: No listed model was found in {arguments.folder}. Name it with --name to see what is missing.",
            file=sys.stderr,
        )
        return 2
    for entry in entries:
        with _progress() as progress:
            on_progress = _Bars(progress)
            installed = import_model(entry, arguments.folder, folder, arguments.accept_unpinned, on_progress)
        _report(entry, installed)
    return 0


def _found_in(folder: Path, registry: ModelRegistry) -> list[ModelEntry]:
    return [
        entry
        for entry in registry
        if (folder / entry.name).is_dir() or all(_is_file(folder / file.name, file.sha256) for file in entry.files)
    ]


def _is_file(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def _verify(arguments: argparse.Namespace, registry: ModelRegistry, folder: Path) -> int:
    listed = {entry.name: entry for entry in registry}
    given = [Path(name) for name in arguments.names if (Path(name).expanduser() / PROFILE_FILE).exists()]
    folders = given if arguments.names else pinned_folders()
    names = [name for name in arguments.names if Path(name) not in given]
    names = names if arguments.names else sorted(path.parent.name for path in folder.glob(f"[!.]*/{RECORD_FILE}"))
    faulty = sum(_verify_folder(one.expanduser(), arguments.accept) for one in folders) > 0
    for name in names:
        if not (folder / name).is_dir():
            faults = [f"{name} is not installed. Run `emoasst models download {name}`."]
        else:
            try:
                faults = find_faults(folder / name, listed.get(name))
            except EmoAsstError as error:
                faults = [str(error)]
        faulty = faulty or bool(faults)
        print("\n".join(faults) if faults else f"{name}: all files are as they were installed")
        if faults and (folder / name).is_dir():
            print(f"Install {name} again: `emoasst models download {name}`, or `import` from a folder.")
    if not names and not folders:
        print(f"No models are installed in {folder}.")
    return 1 if faulty else 0


def _verify_folder(folder: Path, accept: bool) -> bool:
    """Tell how a --profile folder differs from its first use; whether that is a fault."""
    if not folder.is_dir():
        print(f"{folder}: is not there now")
        return False
    changes = find_changes(folder)
    if accept:
        pin(folder)
        print(f"{folder}: taken as it is now")
    elif changes is None:
        print(f"{folder}: not used yet; its files are remembered at the first use")
    else:
        print("\n".join(f"{folder}: {change}." for change in changes) or f"{folder}: all files are as at the first use")
    return bool(changes) and not accept


def _report(entry: ModelEntry, installed: Path) -> None:
    print(f"{entry.name} is installed in {installed}")
    record = read_record(installed)
    if record and not entry.is_pinned:
        for name, sha256 in record.published.items():
            print(f"  {name} sha256 {sha256} (kept; later changes will be noticed)")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True))


class _Bars:
    """One bar per file."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tasks: dict[str, Any] = {}

    def __call__(self, report: DownloadProgress) -> None:
        """Move the bar of the file reported on."""
        if report.file not in self.tasks:
            self.tasks[report.file] = self.progress.add_task(report.file, total=report.total_bytes)
        self.progress.update(self.tasks[report.file], completed=report.received_bytes, total=report.total_bytes)
