"""`emoasst analyze`: a recording goes in, cues and a correctable timeline come out."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

from emoasst_core.config import MEMORIES, AnalysisOptions, read_options
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.errors import StoreError
from emoasst_core.paths import assets_folder, database_path, sessions_folder
from emoasst_core.session.events import CueChanged, ProgressMade, SessionEvent, WordsHeard

EXAMPLE: Final = """examples:
  emoasst analyze conversation.mp4
  emoasst analyze conversation.mp4 --out session --profile starter --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "analyze",
        help="read the feelings in a recording",
        description="Follows faces and voices through a recording, shows what the child would have seen, keeps a session.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="video or sound file")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where timeline.csv, .json and .png go (default: beside the sessions)"
    )
    parser.add_argument("--profile", default="starter", metavar="NAME", help="model to use (default: starter)")
    parser.add_argument("--system", metavar="NAME", help="read with another system; --profile may name its folder")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="TOML file with [faces], [windows] and [cues]")
    parser.add_argument("--calm", action="store_true", help="the calm child profile: at most one change in 20 s")
    parser.add_argument(
        "--memory", choices=MEMORIES, default="", help="how the family's corrections are used (default: as the model is set)"
    )
    parser.add_argument("--no-words", action="store_true", help="do not transcribe")
    parser.add_argument("--json", action="store_true", help="print the timeline as JSON instead of the summary")
    parser.add_argument("--database", type=Path, default=None, metavar="FILE", help="database (default: that of this user)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Analyse, print cues as they come, save the session.

    Raises:
        EmoAsstError: the recording cannot be used, a model is missing, or the session cannot be saved.
    """
    from rich.console import Console

    from emoasst_core.review.session_files import require_writable
    from emoasst_core.session.analyzer import Analyzer
    from emoasst_core.session.worker_process import share_cores

    share_cores()  # captions and decoding have processes of their own
    if arguments.system:
        from emoasst_core.systems.opening import profile_of_system

        arguments.profile = profile_of_system(arguments.system, "" if arguments.profile == "starter" else arguments.profile)
    console = Console(stderr=True, highlight=False)
    database = arguments.database or database_path()
    if arguments.out is not None:
        require_writable(arguments.out.expanduser())
    analyzer = Analyzer(arguments.recording, arguments.profile, database, options_of(arguments))
    for warning in analyzer.media.warnings:
        console.print(f"Note: {warning}")
    with CuePrinter(console, analyzer.media.info.duration_s) as printer:
        record = analyzer.run(printer.take)
    for warning in analyzer.media.warnings:
        console.print(f"Note: {warning}")
    return _keep(record, arguments, database)


def options_of(arguments: argparse.Namespace) -> AnalysisOptions:
    """The options that the command line asks for."""
    options = read_options(arguments.settings) if arguments.settings else AnalysisOptions()
    if arguments.calm:
        options = replace(options, cues=options.cues.calmer())
    memory = arguments.memory or options.memory
    return replace(options, transcribe=options.transcribe and not arguments.no_words, memory=memory)


def _keep(record: object, arguments: argparse.Namespace, database: Path) -> int:
    from emoasst_core.review.clip_collection import collect_clips
    from emoasst_core.review.export import json_text
    from emoasst_core.review.session_files import PICTURE_FILE, write_session_files
    from emoasst_core.review.summary import summary_text, utterance_text
    from emoasst_core.store.database import Database
    from emoasst_core.store.sessions import SessionRecord, new_session_id, save_session

    assert isinstance(record, SessionRecord)
    where = str(arguments.recording.expanduser().absolute())  # the window plays it from there
    record = replace(record, session_id=new_session_id(record.started_at), recording=where)
    folder = (arguments.out or sessions_folder() / record.session_id).expanduser()
    with Database(database) as opened:
        save_session(opened, record)
        clips = collect_clips(opened, record.session_id)
    try:
        write_session_files(record, folder)
    except StoreError as error:
        again = f"`emoasst export --session {record.session_id} --format csv --out FILE` writes it again"
        raise StoreError(error.message, f"The session itself is kept: {again}, also as json or pdf.") from error
    if arguments.json:
        print(json_text(record), end="")
        return 0
    print(summary_text(record))
    print(f"Session {record.session_id}, kept in {database}")
    print(f"Timeline picture: {folder / PICTURE_FILE}")
    print(f"Timeline as table: {folder / 'timeline.csv'}, as data: {folder / 'timeline.json'}")
    if record.utterances:
        print(utterance_text(record), end="")
        num_asked = sum(clip.is_shown for clip in clips)
        print(f"{num_asked} short clip{'s' if num_asked != 1 else ''} to answer in the window: emoasst app")
        print(f"Wrong somewhere? emoasst cache add --session {record.session_id} --utterance N --emotion E")
    return 0


class CuePrinter:
    """Prints cues and words above a progress bar as they come.

    Args:
        console: where to, standard error by default so that --json stays clean.
        duration_s: length of the recording.
    """

    def __init__(self, console: object, duration_s: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        from emoasst_core.cues.catalogue import Catalogue

        assert isinstance(console, Console)
        self._catalogue = Catalogue.load(assets_folder() / "cues.toml")
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} s"))
        self._progress = Progress(*columns, TimeRemainingColumn(), console=console)
        self._task = self._progress.add_task("Loading the model", total=max(duration_s, 0.1))

    def __enter__(self) -> CuePrinter:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def take(self, event: SessionEvent) -> None:
        """Print one event, if it is for people."""
        if isinstance(event, ProgressMade):
            self._progress.update(self._task, completed=event.done_s, description="Watching and listening")
        elif isinstance(event, CueChanged):
            self._progress.console.print(cue_line(event.cue, self._catalogue.text(event.cue)), markup=False)
        elif isinstance(event, WordsHeard) and event.transcript.words:
            start_s = event.transcript.words[0].start_s
            self._progress.console.print(f'{start_s:7.1f} s  says   "{event.transcript.text}"', markup=False)


def cue_line(cue: Cue, text: str) -> str:
    """One cue as a line of text."""
    who = f"  ({cue.person})" if cue.person and cue.state not in (CueState.CANT_SEE, CueState.CANT_HEAR) else ""
    return f"{cue.start_s:7.1f} s  cue    {text}{who}"
