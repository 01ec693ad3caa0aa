from datetime import UTC, datetime

from emoasst_core.datatypes import CueState, Source, Timeline, TimelineSpan, Word
from emoasst_core.session.record_parts import joined
from emoasst_core.store.sessions import SessionRecord, UtteranceRow


def part(end_s, *spans):
    rows = tuple(UtteranceRow(n, a, b, True, "p", "", "joy", CueState.CLEAR) for n, (a, b) in enumerate(spans, 1))
    lanes = tuple(TimelineSpan(a, b, "p", Source.FACE, CueState.CLEAR, "joy") for a, b in spans)
    words = tuple(Word(a, b, f"{a}") for a, b in spans)
    return SessionRecord("", "clip", datetime.now(UTC), end_s, "starter", "h", Timeline("clip", end_s, lanes, words), rows)


def test_one_part_stays_as_it_is():
    alone = part(2.0, (0.0, 1.0))
    assert joined([alone]) is alone


def test_parts_follow_each_other_without_overlap_and_utterances_are_numbered_on():
    whole = joined([part(2.0, (0.0, 1.0), (1.0, 2.0)), part(5.0, (0.0, 1.5), (1.5, 3.0), (4.0, 5.0))])
    assert [(row.number, row.start_s, row.end_s) for row in whole.utterances] == [
        (1, 0.0, 1.0),
        (2, 1.0, 2.0),
        (3, 2.0, 3.0),
        (4, 4.0, 5.0),
    ]
    assert [(span.start_s, span.end_s) for span in whole.timeline.spans] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (4.0, 5.0)]
    assert whole.duration_s == whole.timeline.duration_s == 5.0
