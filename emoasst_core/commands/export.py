"""`emoasst export`: one session as a table, as JSON or as captions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from emoasst_core.paths import database_path
from emoasst_core.review.export import FORMATS, export_session
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session

EXAMPLE: Final = "example: emoasst export --session 20250131-174502-3fa9 --format csv --out session.csv"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "export",
        help="write one session as CSV, JSON or WebVTT",
        description="Write one session as a table (csv), with all its numbers (json) or as captions (webvtt).",
        epilog=EXAMPLE,
    )
    parser.add_argument("--session", required=True, metavar="ID", help="the session, as named by the analysis")
    parser.add_argument("--format", required=True, choices=list(FORMATS), help="what to write")
    parser.add_argument("--out", required=True, type=Path, metavar="PATH", help="file to write; an older one is replaced")
    parser.add_argument(
        "--database", type=Path, default=database_path(), metavar="FILE", help="database (default: this person's)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file.

    Raises:
        StoreError: there is no such database or session, or the file cannot be written.
    """
    with Database(arguments.database, create=False) as database:
        record = get_session(database, arguments.session)
    export_session(record, arguments.format, arguments.out)
    print(f"Wrote {arguments.out}.")
    return 0
