"""Shots of one encoder in memory: checked when they come in, and taken out again without a trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

import numpy as np

from emoasst_core.datatypes import Shot
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import CacheError

TOLERANCE = 1e-3  # how far a stored float32 label may be from summing to 1, and a key from length 1


class ShotCollection:
    """Shots by their id.

    Args:
        encoder_hash: of the encoders in use; shots made by others are refused, their keys mean something else.
    """

    def __init__(self, encoder_hash: str) -> None:
        self.encoder_hash = encoder_hash
        self._shots: dict[int, Shot] = {}

    def __len__(self) -> int:
        return len(self._shots)

    def __iter__(self) -> Iterator[Shot]:
        return iter(self._shots.values())

    def add(self, shot: Shot) -> None:
        """Let a shot count from the next query on.

        Raises:
            CacheError: it was made by other encoders, its id is taken, or its label or a key is no such thing.
        """
        if shot.encoder_hash != self.encoder_hash:
            raise CacheError(
                f"Shot {shot.shot_id} was made with another model and cannot be compared with this one.",
                "Analyse its recording again with the current model, or go back to the model it was made with.",
            )
        if shot.shot_id in self._shots:
            raise CacheError(f"There already is a shot {shot.shot_id} in the cache.", "Remove it first.")
        self._check(shot)
        self._shots[shot.shot_id] = shot
        self._changed(shot)

    def remove(self, shot_id: int) -> None:
        """Forget a shot: the logits are again what they were without it.

        Raises:
            CacheError: there is no such shot.
        """
        shot = self._shots.pop(shot_id, None)
        if shot is None:
            raise CacheError(f"There is no shot {shot_id} in the cache.", "See `emoasst cache list` for those there are.")
        self._changed(shot)

    def with_shots(self, shots: Iterable[Shot]) -> Self:
        """A collection of exactly these shots; this one stays as it is.

        What was computed here and has nothing to do with the shots that differ is still known there, so that one more answer
        costs what it changes.

        Raises:
            CacheError: as `add`.
        """
        wanted = list(shots)
        by_id = {shot.shot_id: shot for shot in wanted}
        result = self._copied()
        for shot in self:
            new = by_id.get(shot.shot_id)
            if new is None or not _is_same(shot, new):
                result.remove(shot.shot_id)
        kept = set(result._shots)
        for shot in wanted:
            if shot.shot_id not in kept:
                result.add(shot)
        result._shots = {shot.shot_id: result._shots[shot.shot_id] for shot in wanted}
        return result

    def _copied(self) -> Self:
        """The same shots, and what was computed with them, changed apart from here on."""
        raise NotImplementedError

    def _changed(self, shot: Shot) -> None:
        """Forget what was computed with or without a shot."""
        raise NotImplementedError

    def _check(self, shot: Shot) -> None:
        label = np.asarray(shot.label)
        if label.shape != (NUM_EMOTIONS,) or not np.all(label >= 0) or not abs(float(label.sum()) - 1) <= TOLERANCE:
            raise CacheError(f"The label of shot {shot.shot_id} is no distribution over the {NUM_EMOTIONS} emotions.")
        if not shot.keys:
            raise CacheError(f"Shot {shot.shot_id} has no keys: nothing of it was seen, heard or read.")
        for modality, key in shot.keys.items():
            if np.ndim(key) != 1 or not abs(float(np.linalg.norm(key)) - 1) <= TOLERANCE:
                raise CacheError(f"The {modality.value} key of shot {shot.shot_id} is no unit vector.")
            others = next((other.keys[modality] for other in self if modality in other.keys), key)
            if len(key) != len(others):
                raise CacheError(f"The {modality.value} key of shot {shot.shot_id} has {len(key)} numbers, not {len(others)}.")


def _is_same(one: Shot, other: Shot) -> bool:
    """Whether two shots say the same, bit for bit."""
    plain = (one.encoder_hash, one.person, one.event, one.is_sure) == (
        other.encoder_hash,
        other.person,
        other.event,
        other.is_sure,
    )
    if not plain or one.keys.keys() != other.keys.keys():
        return False
    pairs = [(one.label, other.label), *((key, other.keys[modality]) for modality, key in one.keys.items())]
    return all(old is new or old.tobytes() == new.tobytes() for old, new in pairs)
