"""`emoasst import`: an archive of all data into a new database, or the parent's tier of an ELAN file into a session."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Final

from emoasst_core.errors import ConfigError
from emoasst_core.paths import database_path, sessions_folder
from emoasst_core.store.database import Database

EXAMPLE: Final = """example: emoasst import everything.zip --database new.sqlite
         emoasst import session.eaf --session 20250131-174502-3fa9"""
MOST_NAMED: Final = 10


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "import",
        help="read an archive, or answers given in ELAN, back in",
        description="An archive (.zip) goes into a database in which nothing has been kept yet; of an ELAN file (.eaf) the tier "
        "parent_label becomes corrections of one session.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="an archive or an ELAN file")
    parser.add_argument("--without-recordings", action="store_true", help="for an archive: leave its recordings out")
    parser.add_argument("--session", metavar="ID", help="for an ELAN file: the session that was answered")
    parser.add_argument("--labeller", default="parent", metavar="NAME", help="for an ELAN file: who answered (default: parent)")
    parser.add_argument(
        "--database", type=Path, default=database_path(), metavar="FILE", help="database (default: this person's)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read the file.

    Raises:
        StoreError: the file or the database cannot be used.
        ConfigError: an ELAN file without the session it belongs to.
    """
    if arguments.file.suffix.lower() == ".eaf":
        return _read_answers(arguments)
    from emoasst_core.review.archive import holds_recordings, read_archive

    phrase = ""
    if not arguments.without_recordings and holds_recordings(arguments.file):
        phrase = getpass.getpass("The phrase of the recordings: ")
    with Database(arguments.database) as database:
        content = read_archive(arguments.file, database, sessions_folder(), phrase)
    print(
        f"Imported {sum(content.rows.values())} rows, {content.num_files} files and {content.num_recorded} files of recordings "
        f"into {arguments.database}."
    )
    return 0


def _read_answers(arguments: argparse.Namespace) -> int:
    from emoasst_core.review.answer_import import import_answers
    from emoasst_core.review.elan import read_parent_tier

    if not arguments.session:
        raise ConfigError("An ELAN file needs the session that it belongs to.", "Give --session ID.")
    annotations = read_parent_tier(arguments.file)
    with Database(arguments.database, create=False) as database:
        found = import_answers(database, arguments.session, annotations, arguments.labeller)
    print(f"{found.num_new} answers are new, {found.num_same} were known, {len(found.unmatched)} could not be used.")
    for line in found.unmatched[:MOST_NAMED]:
        print(f"  not used: {line}")
    return 0
