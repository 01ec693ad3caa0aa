from __future__ import annotations

import inspect
import pickle

import pytest

from emoasst_core import errors
from emoasst_core.errors import EmoAsstError, MediaError

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


def test_an_error_says_what_happened_and_what_to_do_next() -> None:
    error = MediaError("The file talk.mp4 is empty.", "Record it again.")

    assert str(error) == "The file talk.mp4 is empty. Record it again."
    assert (error.message, error.next_step) == ("The file talk.mp4 is empty.", "Record it again.")


def test_an_error_without_a_next_step_ends_with_its_message() -> None:
    assert str(EmoAsstError("Stopped.")) == "Stopped."


@pytest.mark.parametrize("kind", TREE)
def test_every_error_is_of_one_tree_and_crosses_processes(kind: type[EmoAsstError]) -> None:
    arrived = pickle.loads(pickle.dumps(kind("It broke.", "Start again.")))

    assert isinstance(arrived, EmoAsstError)
    assert (type(arrived), arrived.message, arrived.next_step) == (kind, "It broke.", "Start again.")


@pytest.mark.parametrize("kind", TREE)
def test_every_error_stands_in_the_drawing_of_the_tree(kind: type[EmoAsstError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")
