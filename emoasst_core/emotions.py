"""The seven emotions, in the one order that every logits column follows."""

from __future__ import annotations

from typing import Final

EMOTIONS: Final[tuple[str, ...]] = ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")
NUM_EMOTIONS: Final[int] = len(EMOTIONS)
NEUTRAL: Final[int] = 0  # its column: calm, beside which no other reading is a contradiction

# Spellings met in public label files and in answers, mapped to the names above.
ALIASES: Final[dict[str, str]] = {
    "neu": "neutral",
    "happy": "joy",
    "happiness": "joy",
    "hap": "joy",
    "joyful": "joy",
    "sad": "sadness",
    "angry": "anger",
    "ang": "anger",
    "fearful": "fear",
    "fea": "fear",
    "afraid": "fear",
    "scared": "fear",
    "surprised": "surprise",
    "sur": "surprise",
    "disgusted": "disgust",
    "dis": "disgust",
}


def emotion_index(name: str) -> int:
    """Column of one emotion, accepting the common spellings.

    >>> emotion_index("joy"), emotion_index("Happiness")
    (1, 1)

    Raises:
        KeyError: the name is not one of the seven; the message lists them.
    """
    key = name.strip().lower()
    key = ALIASES.get(key, key)
    if key not in EMOTIONS:
        raise KeyError(f"unknown emotion {name!r}; known: {', '.join(EMOTIONS)}")
    return EMOTIONS.index(key)
