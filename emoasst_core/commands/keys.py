"""`emoasst keys`: where the key to the family's data is, and the recovery phrase that brings it back."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from emoasst_core.errors import StoreError
from emoasst_core.store.keys import Keys, new_phrase

EXAMPLES: Final = """examples:
  emoasst keys show
  emoasst keys phrase
  emoasst keys recover
  emoasst keys to-file
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "keys",
        help="the key to the family's data and its recovery phrase",
        description="Everything kept is encrypted under one key. The recovery phrase opens it when the keychain is lost.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    parts: tuple[tuple[str, Callable[[], None], str], ...] = (
        ("show", _show, "say where the key is; it is never shown"),
        ("phrase", _phrase, "make a recovery phrase, shown once and typed back; it replaces an earlier one"),
        ("recover", _recover, "bring the key back with the recovery phrase"),
        ("to-file", _to_file, "move the key from the keychain to a file"),
    )
    for name, function, text in parts:
        action = actions.add_parser(name, help=text, description=f"{text.capitalize()}.", epilog=f"example: emoasst keys {name}")
        action.set_defaults(keys_action=function)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.

    Raises:
        StoreError: the key is not here, or a phrase is not the right one.
    """
    arguments.keys_action()
    return 0


def _show() -> None:
    keys = Keys()
    keys.master()
    print(f"The key is {keys.place}.")
    if keys.warning:
        print(keys.warning)
    print("There is no recovery phrase yet: make one with `emoasst keys phrase`." if keys.needs_phrase else "A phrase was made.")


def _phrase() -> None:
    words = new_phrase()
    print("Write these words down on paper, in this order. They are shown this once:\n")
    for place, word in enumerate(words, 1):
        print(f"  {place:2}. {word}")
    if _asked("\nType them back: ").casefold().split() != list(words):
        raise StoreError("These are not the words above, so nothing was changed.", "Start again with `emoasst keys phrase`.")
    Keys().set_phrase(words)
    print("From now on these words open the family's data. Earlier phrases no longer do.")


def _recover() -> None:
    keys = Keys()
    keys.unlock_with_phrase(_asked("The recovery phrase: "))
    print(f"The key is back {keys.place}.")


def _to_file() -> None:
    keys = Keys()
    keys.move_to_file()
    print(f"The key is {keys.place}. {keys.warning}")


def _asked(question: str) -> str:
    try:
        return input(question)
    except EOFError as error:
        raise StoreError("Nothing was typed, so nothing was changed.", "Run this in a terminal.") from error
