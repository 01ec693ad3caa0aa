"""Words, pairs of words, pieces of words and marks of an utterance and of the two before it, counted into numbered buckets.

Feature hashing (Weinberger et al. 2009) instead of a stored vocabulary: every gram has a bucket, so nothing has to be looked up,
and a word never met before still shares its pieces with those that were.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

NUM_BUCKETS: Final = 1 << 18
MAX_CHARACTERS: Final = 600  # of one utterance; the longest of MELD has 330
PIECE_LENGTHS: Final = range(2, 6)
WORD: Final = r"\w+(?:'\w+)?"
TOKEN: Final = re.compile(WORD + r"|[!?.,]+")
# How much each kind of evidence weighs before anything is learned; what was said longest ago weighs least.
BLOCK_WEIGHTS: Final = {"words": 1.0, "pieces": 1.0, "marks": 0.5, "before": 0.5, "before that": 0.35}
LENGTHS: Final = (1, 2, 3, 6, 12)
FILLERS: Final = frozenset(re.findall(r"\w+", "ah eh er erm hm hmm hmmm huh mhm mm mmhm mmm oh so uh uhhuh um umm well"))

Blocks = dict[str, dict[int, float]]


def is_filler(text: str, min_words: int) -> bool:
    """Whether a transcript says nothing about feelings: no words at all, or fewer than `min_words`, fillers only, said flatly.

    >>> is_filler("Oh, well...", 3), is_filler("Oh!", 3), is_filler("No way", 3)
    (True, False, False)
    """
    words = re.findall(WORD, text.lower())
    return not words or (len(words) < min_words and not set(text) & set("!?") and all(word in FILLERS for word in words))


def bucket(block: str, gram: str) -> int:
    """Number of a gram's bucket, the same on every machine."""
    return zlib.crc32(f"{block}|{gram}".encode()) % NUM_BUCKETS


def count_grams(text: str, context: Sequence[str] = ()) -> Blocks:
    """{block: {bucket: 1 + log(count)}} of an utterance.

    Args:
        text: the utterance.
        context: those before it, oldest first; the last two are read.
    """
    text = text[:MAX_CHARACTERS]
    before = [earlier[:MAX_CHARACTERS] for earlier in list(context)[-2:]][::-1]
    grams = {"words": _words(text), "pieces": _pieces(text), "marks": dict.fromkeys(_marks(text), 1)}
    for block, earlier in zip(("before", "before that"), before, strict=False):
        grams[block] = _words(earlier)
    return {block: _numbered(block, counts) for block, counts in grams.items()}


def _numbered(block: str, counts: dict[str, int]) -> dict[int, float]:
    result: dict[int, float] = {}
    for gram, count in counts.items():
        number = bucket(block, gram)
        result[number] = max(result.get(number, 0.0), 1.0 + math.log(count))
    return result


def _words(text: str) -> Counter[str]:
    tokens = TOKEN.findall(text.lower())
    return Counter([*tokens, *(f"{first} {second}" for first, second in pairwise(tokens))])


def _pieces(text: str) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for word in text.lower().split():
        padded = f" {word} "
        for length in PIECE_LENGTHS:
            pieces.update(padded[start : start + length] for start in range(max(1, len(padded) - length + 1)))
    return pieces


def _marks(text: str) -> list[str]:
    words = text.split()
    marks = [mark for mark in ("!", "!!", "?", "??", "...") if mark in text]
    if re.search(r"([^\W\d_])\1\1", text.lower()):
        marks.append("drawn out")
    if any(len(word) > 1 and word.isupper() for word in words):
        marks.append("loud")
    if text == text.lower() and not re.search(r"[.,!?]", text):
        marks.extend(["bare", "bare, again"])  # a transcriber without marks: their absence says nothing there
    return [*marks, f"up to {next((length for length in LENGTHS if len(words) <= length), 99)}"]
