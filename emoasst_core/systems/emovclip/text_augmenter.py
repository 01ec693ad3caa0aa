"""Add a guess at the feelings to a text before it is read. The winner asked a cloud model; a family's words stay here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import EMOTIONS
from emoasst_core.systems.wording import read_wording

NUM_RANKED = 3


class TextAugmenter(Protocol):
    """Rewrites a transcript. Anything that runs on this machine may take its place."""

    def augment(self, text: str) -> str:
        """The text with more to go by; the text itself where there is nothing to add."""


class LocalTextAugmenter:
    """Ranks the emotions by a text head of this machine and appends the ranking.

    Args:
        score: text -> (num_emotions,) scores, higher is likelier.
        num_ranked: emotions named.
    """

    def __init__(self, score: Callable[[str], NDArray[np.floating[Any]]], num_ranked: int = NUM_RANKED) -> None:
        self._score, self._num_ranked = score, num_ranked
        wording = read_wording()
        self._template: str = wording["emovclip"]["augmented"]
        self._words: dict[str, str] = wording["emotion"]["word"]

    def augment(self, text: str) -> str:
        """The text and its likeliest emotions, likeliest first."""
        if not text.strip():
            return text
        order = np.argsort(-np.asarray(self._score(text)))[: self._num_ranked]
        ranking = ", ".join(self._words[EMOTIONS[column]] for column in order)
        return self._template.format(text=text.strip(), ranking=ranking)


class NoAugmenter:
    """Leaves every text as it is."""

    def augment(self, text: str) -> str:
        """The text itself."""
        return text
