"""`emoasst cache`: the family's corrections, from the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from emoasst_core.atomic_file import write_atomically
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.errors import CacheError, ModelError
from emoasst_core.paths import database_path
from emoasst_core.profile import resolve_profile
from emoasst_core.review.relabel import PARENT, answer_without_emotion, relabel, undo_last_change, withdraw
from emoasst_core.review.update_check import check_update
from emoasst_core.store.clips import CANT_TELL
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import find_session
from emoasst_core.store.shot_export import export_shots
from emoasst_core.store.shots import ShotRecord, current_version, earlier_versions, list_shots, release
from emoasst_core.systems.opening import hash_of_profile

CANT_TELL_WORD: Final = "cant-tell"
TOLD_BY: Final = ("face", "voice", "words", "situation")
EXAMPLES: Final = """examples:
  emoasst cache add --session 20250131-174502-3fa9 --utterance 4 --emotion joy
  emoasst cache list
  emoasst cache remove --shot 12
  emoasst cache rollback
  emoasst cache export --out shots.json
  emoasst cache use --shot 12
  emoasst cache reembed --profile starter
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "cache",
        help="correct readings and manage the corrections",
        description="Corrections become shots: labelled clips that the next analysis compares with. No training is needed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = _action(actions, "add", _add, "say what somebody felt in one utterance", EXAMPLES.splitlines()[1])
    add.add_argument("--session", required=True, metavar="ID", help="the session, as named by the analysis")
    add.add_argument("--utterance", required=True, type=int, metavar="N", help="number of the utterance in it, from 1")
    known = f"one of: {', '.join(EMOTIONS)}; or {CANT_TELL_WORD}, which is kept but teaches nothing"
    add.add_argument("--emotion", required=True, type=_emotion, metavar="E", help=known)
    add.add_argument("--by", default=PARENT, metavar="NAME", help="who answers; a second person's answer stands beside the first")
    add.add_argument("--unsure", action="store_true", help="the answer was hesitant: it counts for less where others disagree")
    add.add_argument("--told-by", choices=TOLD_BY, default="", help="what told you")
    add.add_argument("--profile", metavar="NAME", help="model the correction is for (default: the session's)")
    _action(actions, "list", _list, "show the shots and the changes that can be undone", EXAMPLES.splitlines()[2])
    remove = _action(actions, "remove", _remove, "take one correction back", EXAMPLES.splitlines()[3])
    remove.add_argument("--shot", required=True, type=int, metavar="ID", help="the shot, as numbered by `list`")
    _action(actions, "rollback", _rollback, "undo the last change; the last five can be undone", EXAMPLES.splitlines()[4])
    export = _action(actions, "export", _export, "write the shots as JSON", EXAMPLES.splitlines()[5])
    export.add_argument("--out", required=True, type=Path, metavar="FILE", help="file to write")
    use = _action(actions, "use", _use, "let a correction count that was held back", EXAMPLES.splitlines()[6])
    use.add_argument("--shot", required=True, type=int, metavar="ID", help="the shot, as numbered by `list`")
    again = _action(actions, "reembed", _reembed, "read the corrected clips again for another model", EXAMPLES.splitlines()[7])
    again.add_argument("--profile", default="starter", metavar="NAME", help="the model in use (default: starter)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.

    Raises:
        EmoAsstError: there is no such database, session, utterance or shot, or it belongs to another model.
    """
    with Database(arguments.database, create=False) as database:
        action: Callable[[Database, argparse.Namespace], None] = arguments.cache_action
        action(database, arguments)
    return 0


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: Callable[[Database, argparse.Namespace], None],
    help_text: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        name, help=help_text, description=f"{help_text.capitalize()}.", epilog=f"example: {example.strip()}"
    )
    parser.add_argument(
        "--database", type=Path, default=database_path(), metavar="FILE", help="database (default: this person's)"
    )
    parser.set_defaults(cache_action=function)
    return parser


def _emotion(text: str) -> str:
    if text == CANT_TELL_WORD:
        return CANT_TELL
    try:
        return EMOTIONS[emotion_index(text)]
    except KeyError as error:
        known = f"{', '.join(EMOTIONS)}, {CANT_TELL_WORD}"
        raise argparse.ArgumentTypeError(f"unknown emotion {text!r}; known: {known}") from error


def _add(database: Database, arguments: argparse.Namespace) -> None:
    session = find_session(database, arguments.session)
    if arguments.emotion == CANT_TELL:
        answer_without_emotion(database, arguments.session, arguments.utterance, CANT_TELL, arguments.by)
        print(f"Kept “can't tell” for utterance {arguments.utterance} of {arguments.session}; the cache learns nothing from it.")
        return
    folder = resolve_profile(arguments.profile or session.profile)
    in_use = hash_of_profile(folder)
    before = current_version(database)
    shot = relabel(
        database, arguments.session, arguments.utterance, arguments.emotion, arguments.by, in_use,
        is_sure=not arguments.unsure, told_by=arguments.told_by,
    )  # fmt: skip
    made_from = ", ".join(modality.value for modality in shot.keys)
    print(f"Shot {shot.shot_id}: {arguments.emotion} for utterance {arguments.utterance} of {arguments.session} ({made_from}).")
    if current_version(database) == before:
        print("That very answer was there already; nothing changed.")
        return
    _tell_change(database, folder)


def _tell_change(database: Database, folder: Path) -> None:
    """What the answer does to the person's other clips, where the model can be opened."""
    try:
        check = check_update(database, EmbeddingClassifier.open(folder))
    except ModelError as error:
        print(f"It counts from the next analysis on; what it changes could not be checked: {error.message}")
        return
    if check.is_held_back:
        print(f"It does not count for now: `emoasst cache use --shot {check.held_back[0]}` makes it count all the same.")
    else:
        print("It counts from the next analysis on.")
    for sentence in check.sentences(People(database).names()):
        print(sentence)


def _list(database: Database, arguments: argparse.Namespace) -> None:  # noqa: ARG001 - one signature for all actions
    records, names = list_shots(database), People(database).names()
    for record in records:
        print(_line(record, names))
    version, earlier = current_version(database), earlier_versions(database)
    held = f" ({version.num_held} held back)" if version.num_held else ""
    print(f"{len(records)} shots{held}; last change: {version.change}; changes that can be undone: {len(earlier)}.")


def _use(database: Database, arguments: argparse.Namespace) -> None:
    held = {record.shot.shot_id for record in list_shots(database) if record.is_held}
    if arguments.shot not in held:
        listed = ", ".join(map(str, sorted(held))) or "none"
        raise CacheError(f"Shot {arguments.shot} is not held back.", f"Held back: {listed}.")
    release(database, [arguments.shot])
    print(f"Shot {arguments.shot} counts from the next analysis on.")


def _remove(database: Database, arguments: argparse.Namespace) -> None:
    record = withdraw(database, arguments.shot)
    print(f"Removed: {_line(record, People(database).names())}")


def _reembed(database: Database, arguments: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from emoasst_core.config import AnalysisOptions
    from emoasst_core.review.reembed import reembed
    from emoasst_core.session.pipeline_factory import find_detector, load_recogniser

    recogniser, detector = load_recogniser(arguments.profile), find_detector(AnalysisOptions())
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading clips again", total=None)
        found = reembed(database, recogniser, detector, lambda done, total: progress.update(task, completed=done, total=total))
    print(f"{len(found.shot_ids)} corrections now count for {arguments.profile}; {len(found.left)} could not be read again.")
    for shot_id, reason in found.left:
        print(f"shot {shot_id}: {reason}")


def _rollback(database: Database, arguments: argparse.Namespace) -> None:  # noqa: ARG001 - one signature for all actions
    undone = current_version(database)
    version = undo_last_change(database)
    print(f"Undone: {undone.change}. The cache has {version.num_shots} shots.")


def _export(database: Database, arguments: argparse.Namespace) -> None:
    values = export_shots(database)
    write_atomically(arguments.out, (json.dumps(values, indent=1) + "\n").encode("utf-8"))
    print(f"Wrote {len(values['shots'])} shots to {arguments.out}.")


def _line(record: ShotRecord, names: Mapping[str, str]) -> str:
    shot = record.shot
    shares = ", ".join(
        name if share == 1 else f"{name} {share:.0%}" for name, share in zip(EMOTIONS, shot.label, strict=True) if share > 0
    )
    answers = ", ".join(f"{who or 'somebody'}: {name}" for who, name in record.answers.items())
    details = [
        f"answered by {answers}",
        "" if shot.is_sure else "not sure",
        f"told by {record.told_by}" if record.told_by else "",
        "held back" if record.is_held else "",
    ]
    return (
        f"shot {shot.shot_id}: {shares}; {names.get(shot.person, shot.person) or 'nobody in view'}; "
        f"utterance {record.utterance_number} of {record.session_id}; "
        f"{'+'.join(modality.value for modality in shot.keys)}; "
        f"{record.created_at.astimezone():%Y-%m-%d %H:%M}; model {shot.encoder_hash[:12]}; {'; '.join(filter(None, details))}"
    )
