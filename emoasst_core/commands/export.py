"""`emoasst export`: one session for other programs, or everything as one file that imports again."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Final

from emoasst_core.errors import ConfigError, StoreError
from emoasst_core.paths import database_path, sessions_folder
from emoasst_core.review.export import FORMATS, export_session
from emoasst_core.review.pseudonyms import pseudonyms
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import get_session

EXAMPLE: Final = """example: emoasst export --session 20250131-174502-3fa9 --format csv --out session.csv
         emoasst export --session 20250131-174502-3fa9 --format eaf --out session.eaf
         emoasst export --all --with-recordings --out everything.zip"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "export",
        help="write one session for other programs, or all data as one file",
        description="Write one session as a table (csv), with all its numbers (json), as captions (webvtt), for ELAN (eaf), for "
        "Praat (textgrid) or as one printed page (pdf). People become Person A, Person B unless --keep-names is given. With "
        "--all: everything that was kept, as one file that `emoasst import` reads again.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--session", metavar="ID", help="the session, as named by the analysis")
    what.add_argument("--all", action="store_true", help="everything, with names: for the family itself")
    parser.add_argument("--format", choices=list(FORMATS), help="what to write of a session")
    parser.add_argument("--out", required=True, type=Path, metavar="PATH", help="file to write; an older one is replaced")
    parser.add_argument(
        "--with-recordings", action="store_true", help="with --all: also kept recordings, under a phrase that is asked for"
    )
    parser.add_argument("--keep-names", action="store_true", help="leave people's names and the recording's name in")
    parser.add_argument("--with-media", action="store_true", help="with --all: also the files kept of the sessions")
    parser.add_argument(
        "--database", type=Path, default=database_path(), metavar="FILE", help="database (default: this person's)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file.

    Raises:
        StoreError: there is no such database or session, or the file cannot be written.
        ConfigError: options that do not go together.
    """
    if arguments.all != (arguments.format is None):
        raise ConfigError("Give --format with --session, and not with --all.", "`emoasst export --help` has examples.")
    with Database(arguments.database, create=False) as database:
        if arguments.all:
            return _write_everything(database, arguments)
        record = get_session(database, arguments.session)
        known = People(database).names()
    if arguments.keep_names:
        export_session(record, arguments.format, arguments.out, known, hides_recording=False)
    else:
        export_session(record, arguments.format, arguments.out, pseudonyms(record))
    print(f"Wrote {arguments.out}.")
    return 0


def _write_everything(database: Database, arguments: argparse.Namespace) -> int:
    from emoasst_core.review.archive import write_archive

    phrase = new_phrase() if arguments.with_recordings else ""
    content = write_archive(database, arguments.out, sessions_folder(), arguments.with_media, phrase)
    print(
        f"Wrote {sum(content.rows.values())} rows of {len(content.rows)} tables, {content.num_files} files and "
        f"{content.num_recorded} files of recordings to {arguments.out}."
    )
    print("It holds names and is not encrypted: keep it where only the family can reach it.")
    if phrase:
        print("The recordings in it are encrypted: only the phrase opens them. Nobody can find it again for you.")
    else:
        print("Kept recordings are not in it: --with-recordings takes them along.")
    return 0


def new_phrase() -> str:
    """Ask twice for the phrase of an archive.

    Raises:
        StoreError: it is too short, or was typed differently the second time.
    """
    from emoasst_core.review.archive_recordings import require_phrase

    phrase = require_phrase(getpass.getpass("A phrase for the recordings, three or four words: "))
    if require_phrase(getpass.getpass("The same again: ")) != phrase:
        raise StoreError("The two are not the same.", "Try again. Nothing was written.")
    return phrase
