"""What a round of answers changed, for the page that says so: how many of each person's clips are read right now, and before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from emoasst_core.errors import EmoAsstError
from emoasst_core.profile import encoder_hash, read_profile, resolve_profile
from emoasst_core.review.update_check import UpdateCheck, check_update
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.shots import CacheVersion, current_version, earlier_versions, list_shots, shots_for


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What is said after a round.

    Attributes:
        sentences: a sentence per person, and what to look at again; empty where nothing can be compared.
        versions: the state of the cache now, then those that can be brought back, newest first.
        held_back: shots that wait because they made other clips read worse.
        num_used: answers that the next session uses: those read by the newest answer's model.
        doubtful: {shot that disagrees with the others: the emotion that they speak for}; without those that an adult kept, as
            long as nothing around them changes.
    """

    sentences: tuple[str, ...]
    versions: tuple[CacheVersion, ...]
    held_back: tuple[int, ...] = ()
    num_used: int = 0
    doubtful: Mapping[int, str] = field(default_factory=dict)


def report_round(database: Database, record: SessionRecord | None) -> RoundReport:
    """Compare the cache as it is now with the one before the last change, by the model of the session.

    Args:
        record: the session that was answered; None to list the versions only.
    """
    check, doubtful = _check(database, record) if record is not None else (UpdateCheck(), {})
    sentences = check.sentences(People(database).names())
    versions = (current_version(database), *earlier_versions(database))
    records = list_shots(database)
    newest = records[-1].shot.encoder_hash if records else ""
    return RoundReport(sentences, versions, check.held_back, len(shots_for(database, newest)), doubtful)


def _check(database: Database, record: SessionRecord) -> tuple[UpdateCheck, dict[int, str]]:
    """Nothing where the session's model is not the one that is installed: its clips cannot be read again."""
    from emoasst_core.embedding_classifier import EmbeddingClassifier
    from emoasst_core.review.doubtful_clips import spoken_for
    from emoasst_core.review.kept_doubts import still_doubtful

    try:
        folder = resolve_profile(record.profile)
        if encoder_hash(folder, read_profile(folder)) != record.encoder_hash:
            return UpdateCheck(), {}
        classifier = EmbeddingClassifier.open(record.profile)
        check = check_update(database, classifier)
        doubtful = still_doubtful(database, spoken_for(classifier))
        return replace(check, doubtful=tuple(doubtful)), doubtful
    except EmoAsstError:
        return UpdateCheck(), {}  # the answers are kept whether or not they can be compared
