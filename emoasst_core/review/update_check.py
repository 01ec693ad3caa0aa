"""Whether new answers make the cues better: every answered clip read again with its own answer left out, before and after.

An update that loses more than two points is held back: its shots stay in the list but do not count until an adult says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoasst_core.classifier.family_memory import owner_of
from emoasst_core.datatypes import Shot
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.store.database import Database
from emoasst_core.store.shots import earlier_versions, hold_back, list_shots

MAX_LOSS: Final = 0.02  # of leave-one-out accuracy


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What an update does to one person's answered clips.

    Attributes:
        person: "" for everybody who is not known.
        num_clips: answered by now.
        num_right_before, num_right_after: those of them read right without the new answers, and with them.
        loss: share of right readings lost, among all clips or among those answered before, whichever is more.
    """

    person: str
    num_clips: int
    num_right_before: int
    num_right_after: int
    loss: float = 0.0

    @property
    def is_loss(self) -> bool:
        """Whether more than two points of accuracy are lost."""
        return self.loss > MAX_LOSS


@dataclass(frozen=True, slots=True)
class UpdateCheck:
    """What an update does.

    Attributes:
        people: those with new answers.
        held_back: ids of the shots that do not count for now.
        doubtful: ids of shots that disagree with the person's others: worth another look.
    """

    people: tuple[PersonChange, ...] = ()
    held_back: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()

    @property
    def is_held_back(self) -> bool:
        """Whether any new answer does not count for now."""
        return bool(self.held_back)

    def sentences(self, names: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """What to tell the parent, a sentence per person.

        Args:
            names: {person_id: name}.
        """
        told = []
        for change in self.people:
            name = (names or {}).get(change.person, "People without a name here")
            told.append(f"{name}: {change.num_right_after} of {change.num_clips} clips right, was {change.num_right_before}.")
            if change.is_loss:
                told.append("The new answers made the other clips read worse, so they wait and are not used.")
        if self.doubtful:
            count = len(self.doubtful)
            told.append(f"{count} clip{'' if count == 1 else 's'} disagree{'s' if count == 1 else ''} with the others: check?")
        return tuple(told)


def check_update(database: Database, classifier: EmbeddingClassifier) -> UpdateCheck:
    """Look at what the last change of the cache does, and hold its new answers back where they do harm.

    The check costs some milliseconds for a few hundred clips. Afterwards the classifier holds the shots that count.

    Args:
        classifier: of the profile in use.

    Returns:
        What changed; empty where the last change brought no new answer for this model.
    """
    with database.writing():
        versions = earlier_versions(database)
        before = _usable(database, classifier.encoder_hash, versions[0].version if versions else None) if versions else []
        after = _usable(database, classifier.encoder_hash, None)
        known = {shot.shot_id for shot in before}
        new = [shot for shot in after if shot.shot_id not in known]
        changes = tuple(_change(classifier, person, before, after) for person in dict.fromkeys(owner_of(shot) for shot in new))
        losers = {change.person for change in changes if change.is_loss}
        held_back = tuple(shot.shot_id for shot in new if owner_of(shot) in losers)
        if held_back:
            hold_back(database, held_back)
    classifier.use_shots([shot for shot in after if shot.shot_id not in held_back], classifier.mode)
    return UpdateCheck(changes, held_back, classifier.doubtful_shots())


def _usable(database: Database, encoder_hash: str, version: int | None) -> list[Shot]:
    records = list_shots(database, version)
    return [record.shot for record in records if record.shot.encoder_hash == encoder_hash and not record.is_held]


def _change(classifier: EmbeddingClassifier, person: str, before: Sequence[Shot], after: Sequence[Shot]) -> PersonChange:
    classifier.use_shots(after, classifier.mode)
    read_after = {shot.shot_id: int(probs.argmax()) for shot, probs in classifier.left_out_readings(person)}
    clips = {shot.shot_id: shot for shot in after if shot.shot_id in read_after}
    classifier.use_shots(before, classifier.mode)
    read_before = {shot.shot_id: int(probs.argmax()) for shot, probs in classifier.left_out_readings(person)}
    earlier = np.array([shot_id in read_before for shot_id in clips], bool)
    for shot_id in clips.keys() - read_before.keys():
        others = [shot for shot in before if shot.event != clips[shot_id].event or not shot.event]
        classifier.use_shots(others, classifier.mode)
        read_before[shot_id] = int(classifier.classify(clips[shot_id].keys, person).argmax())
    labels = [int(shot.label.argmax()) for shot in clips.values()]
    was_right, is_right = (
        np.array([read[shot_id] == label for shot_id, label in zip(clips, labels, strict=True)], float)
        for read in (read_before, read_after)
    )
    lost = was_right - is_right
    loss = max(float(lost[rows].mean()) for rows in (earlier, np.ones(len(lost), bool)) if rows.any()) if len(lost) else 0.0
    return PersonChange(person, len(clips), int(was_right.sum()), int(is_right.sum()), loss)
