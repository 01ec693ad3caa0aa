"""`emoasst data`: what is kept, and deleting, backing up, checking and restoring it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from emoasst_core.errors import DamagedError, StoreError
from emoasst_core.paths import database_path, home
from emoasst_core.store.audit import audit_log, first_broken_line
from emoasst_core.store.backup import adopt_card, back_up, restore
from emoasst_core.store.database import Database
from emoasst_core.store.deletion import backups_beside, forget_session, what_backups_keep
from emoasst_core.store.erasure import forget_everything
from emoasst_core.store.instance import only_instance
from emoasst_core.store.media import MediaVault
from emoasst_core.store.people import People
from emoasst_core.store.recovered_session import recover_session
from emoasst_core.store.retention import CLIP_DAYS, VIDEO_DAYS, sweep
from emoasst_core.store.sessions import list_sessions

EXAMPLES: Final = """examples:
  emoasst data list
  emoasst data delete --session 20250131-174502-3fa9
  emoasst data delete --person p-00c0ffee
  emoasst data delete --everything
  emoasst data sweep --video-days 14
  emoasst data recover --read
  emoasst data backup --out family.sqlite
  emoasst data restore family.sqlite
  emoasst data check
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "data",
        help="list, delete, back up and check what is kept",
        description="What is kept on this machine. Deleting drops the keys and scrubs the rows.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    parts = {
        "list": (_list, "show sessions, people and recordings"),
        "delete": (_delete, "remove a session, a person or everything, for good"),
        "sweep": (_sweep, "remove what has been kept long enough, as each start of the window does"),
        "recover": (_recover, "make recordings that broke off playable"),
        "backup": (_backup, "write a whole encrypted copy"),
        "restore": (_restore, "put a backup in place; the present database is moved aside"),
        "check": (_check, "check every page, every row's rules and the log of what was done"),
    }
    made = {}
    for name, (function, text) in parts.items():
        example = next(line for line in EXAMPLES.splitlines() if f"data {name}" in line)
        made[name] = actions.add_parser(
            name, help=text, description=f"{text.capitalize()}.", epilog=f"example: {example.strip()}"
        )
        made[name].add_argument(
            "--database", type=Path, default=database_path(), metavar="FILE", help="database (default: this person's)"
        )
        made[name].set_defaults(data_action=function)
    which = made["delete"].add_mutually_exclusive_group(required=True)
    which.add_argument("--session", metavar="ID", help="one session, as `list` names it")
    which.add_argument("--person", metavar="ID", help="one person, with every recording they are in")
    which.add_argument("--everything", action="store_true", help="all but the models; key and backups too")
    made["delete"].add_argument("--yes", action="store_true", help="do not ask before deleting")
    made["delete"].add_argument(
        "--keep-answers", action="store_true", help="leave the answers given for the session in the cache"
    )
    made["sweep"].add_argument("--clip-days", type=int, default=CLIP_DAYS, metavar="N", help="unanswered clips (default: 7)")
    made["sweep"].add_argument("--video-days", type=int, default=VIDEO_DAYS, metavar="N", help="recordings (default: 30)")
    made["recover"].add_argument("--read", action="store_true", help="look for the feelings in them, too, as the window does")
    made["recover"].add_argument("--profile", default="starter", metavar="NAME", help="models to read with (default: starter)")
    made["backup"].add_argument("--out", type=Path, metavar="FILE", help="file (default: the folder backups beside the database)")
    made["restore"].add_argument("backup", type=Path, metavar="FILE", help="a file that `backup` wrote")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.

    Raises:
        EmoAsstError: there is no such database, session or person, or it is damaged.
    """
    arguments.data_action(arguments)
    return 0


def _list(arguments: argparse.Namespace) -> None:
    with Database(arguments.database, create=False) as database:
        vault = MediaVault(database)
        recorded = {name: "clips kept" if vault.facts(name)[1] else "recording kept" for name in vault.recorded_sessions()}
        for info in list_sessions(database):
            kept = recorded.get(info.session_id, "no recording")
            answers = f"{info.num_utterances} utterances, {info.num_labelled} answered"
            print(f"{info.session_id}  {info.duration_s:7.1f} s  {answers}; {kept}")
        people = People(database)
        for person in people.all():
            agreed = ", ".join(sorted(people.consents(person.person_id))) or "nothing agreed"
            print(f"{person.person_id}  {person.name} ({person.role}): {agreed}")


def _delete(arguments: argparse.Namespace) -> None:
    what = "everything" if arguments.everything else arguments.session or arguments.person
    if not arguments.everything:
        _require_kept(arguments)  # nobody is asked about what is not there
    if not arguments.yes and _typed(f"Delete {what} for good? Type yes: ") != "yes":
        raise StoreError("Nothing was deleted.", "Type yes, or give --yes.")
    if arguments.everything:
        with only_instance(home()):
            forget_everything(home())
        print("Everything is deleted, with the backups beside it, and its key is gone.")
        print("Copies made elsewhere open only with their recovery phrase.")
        return
    with Database(arguments.database, create=False) as database:
        if arguments.session:
            forget_session(database, arguments.session, arguments.keep_answers)
        else:
            People(database).forget(arguments.person)
    print(f"Deleted {what}. {what_backups_keep(backups_beside(arguments.database))}")


def _require_kept(arguments: argparse.Namespace) -> None:
    with Database(arguments.database, create=False) as database:
        if arguments.session:
            kept = {info.session_id for info in list_sessions(database)} | set(MediaVault(database).recorded_sessions())
        else:
            kept = {person.person_id for person in People(database).all()}
    if (name := arguments.session or arguments.person) not in kept:
        what = "session" if arguments.session else "person"
        raise StoreError(f"There is no {what} {name}.", "`emoasst data list` shows what is kept.")


def _typed(question: str) -> str:
    """What is typed; "" where nobody can type, as in a script."""
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""


def _sweep(arguments: argparse.Namespace) -> None:
    with Database(arguments.database, create=False) as database:
        swept = sweep(database, arguments.clip_days, arguments.video_days)
    put_off = " The clock has jumped, so this waits for the next look." if swept.is_put_off else ""
    print(f"Removed {swept.num_clips} clips and {swept.num_recordings} recordings.{put_off}")


def _recover(arguments: argparse.Namespace) -> None:
    with Database(arguments.database, create=False) as database:
        vault = MediaVault(database)
        for session_id in vault.unfinished():
            try:
                print(f"{session_id}: {recover_session(vault, session_id):.1f} s saved.")
            except DamagedError as error:
                print(f"{session_id}: {error}")
        left = vault.unfinished()
        print(f"Left as they are: {', '.join(left)}." if left else "No recording is unfinished now.")
    if arguments.read:
        _read_late(arguments.database, arguments.profile)


def _read_late(database: Path, profile: str) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from emoasst_core.review.late_reading import run_job

    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("Looking for feelings")
        report = run_job(lambda done, total: progress.update(bar, completed=done, total=total), database, profile, True)
    print(report.sentence or "Every recording that was kept has been read.")


def _backup(arguments: argparse.Namespace) -> None:
    with Database(arguments.database, create=False) as database:
        print(f"Wrote {back_up(database, arguments.out)}. It opens only with this computer's key or the recovery phrase.")


def _restore(arguments: argparse.Namespace) -> None:
    if adopt_card(arguments.backup.with_suffix(".keys.json"), home()):
        print("The key card of the backup was taken over; if the backup does not open, use `emoasst keys recover` first.")
    aside = restore(arguments.backup, arguments.database)
    print(f"The backup is in place.{f' The former database lies at {aside}.' if aside else ''}")


def _check(arguments: argparse.Namespace) -> None:
    with Database(arguments.database, create=False) as database:
        faults, broken, log = database.faults(), first_broken_line(database), audit_log(database)
    if broken is not None:
        faults.append(f"line {broken} of the log of what was done does not fit to the one before it")
    if faults:
        raise DamagedError(f"{len(faults)} faults, the first: {faults[0]}.", "Put a backup in place: `emoasst data restore`.")
    print(f"Whole. {len(log)} lines in the log of what was done; its last hash: {log[-1].chain if log else 'none'}")
