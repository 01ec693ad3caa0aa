"""From the onset of a change to the cue that names it, over many random splices of scenes; faster than real time.

The pictures go through the real tracker, model and cue policy at their own times, so this is the evidence that the policy waits
for. What the machine adds on top (taking, sending and reading one picture) is measured by `emoasst bench live`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from emoasst_core.datatypes import Cue, CueState
from emoasst_core.evaluation.kept_draws import KeptDraws
from emoasst_core.evaluation.replayed_scenes import ReplayedPipelines, Scene
from emoasst_core.session.events import CueChanged
from emoasst_core.session.live_meter import percentiles

BEFORE_S: Final = (4.5, 8.0)  # the first scene: its own cue is named, and the next one is due again (one in 3 s)
AFTER_S: Final = 4.0  # a change that is not named for this long counts as missed
DARK_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class Change:
    """One spliced change.

    Attributes:
        kind: the two expressions, and whether the face stays the same.
        delay_s: from the first picture of the second scene to the cue that names it; None where none does.
        was_named: the first scene had been named when it ended.
        is_held: the rates of the cue table allowed no other cue in time, because the first scene was named shortly before.
    """

    kind: str
    delay_s: float | None
    was_named: bool
    is_held: bool


def play_changes(
    scenes: Sequence[Scene],
    pipelines: ReplayedPipelines,
    draws: int,
    seed: int,
    same_face: bool = True,
    kept: KeptDraws | None = None,
    on_done: Callable[[], None] = lambda: None,
) -> list[Change]:
    """Splice random scenes that differ, and follow what is shown.

    Args:
        scenes: with the expression each shows.
        draws: how many splices.
        seed: of the random choice of scenes, of their first pictures, of the length of the first and of the sampling's phase;
            each draw has its own, whatever the number of draws.
        same_face: only splice scenes of one clip, as a face changes; else only those of two clips, as when a camera is turned.
        kept: what draws made before gave, and where new ones are kept.
        on_done: told after each draw.
    """
    pairs = [
        (one, other)
        for one in scenes
        for other in scenes
        if one.emotion != other.emotion and other.emotion and one.emotion and (one.clip == other.clip) is same_face
    ]
    if not pairs:
        return []
    part, kept = "same face" if same_face else "another face", kept or KeptDraws(None, {})
    np.random.default_rng(seed).shuffle(pairs)  # a few draws of many pairs are not all of the first clips
    changes = []
    for number in range(draws):
        play = partial(_play, pipelines, *pairs[number % len(pairs)], np.random.default_rng((seed, number)))
        changes.append(Change(**kept.draw(part, number, play)))
        on_done()
    return changes


def _play(pipelines: ReplayedPipelines, before: Scene, after: Scene, random: np.random.Generator) -> dict[str, Any]:
    pipeline, rate_hz = pipelines.open(), pipelines.options.faces.analysis_rate_hz
    lasts_s = round(float(random.uniform(*BEFORE_S)) * rate_hz) / rate_hz
    wait_s = float(random.uniform(0.0, 1.0 / rate_hz))  # the change falls anywhere between two analysed pictures
    onset_s = lasts_s - wait_s
    cues: list[Cue] = []
    for scene, start_s, length_s in ((before, 0.0, lasts_s), (after, lasts_s, AFTER_S)):
        for frame in scene.frames(start_s, length_s, rate_hz, int(random.integers(10_000))):
            cues += [event.cue for event in pipeline.feed(frame) if isinstance(event, CueChanged)]
    shown_before = [cue for cue in cues if cue.start_s < lasts_s]
    named = [cue.start_s for cue in cues if cue.start_s >= lasts_s and cue.emotion == after.emotion]
    is_shown_already = bool(shown_before) and shown_before[-1].emotion == after.emotion
    delay_s = named[0] - onset_s if named else (0.0 if is_shown_already else None)
    options = pipelines.options.cues
    last_named_s = max((cue.start_s for cue in shown_before if cue.emotion), default=-options.min_gap_s)
    is_held = last_named_s + options.min_gap_s - onset_s > options.hold_s
    was_named = bool(shown_before) and shown_before[-1].emotion == before.emotion
    other = "" if before.clip == after.clip else " (another face)"
    return asdict(Change(f"{before.emotion} to {after.emotion}{other}", delay_s, was_named, is_held))


def lost_delays(
    scenes: Sequence[Scene],
    pipelines: ReplayedPipelines,
    draws: int,
    seed: int,
    kept: KeptDraws | None = None,
    on_done: Callable[[], None] = lambda: None,
) -> list[float | None]:
    """From the first picture without a face to "no face", for faces that go away. Arguments as for `play_changes`."""
    kept = kept or KeptDraws(None, {})
    seen = [scene for scene in scenes if scene.emotion]
    dark = Scene("", None, (np.zeros_like(seen[0].pictures[0]),))
    delays: list[float | None] = []
    for number in range(draws):
        lose = partial(_lose, pipelines, seen[number % len(seen)], dark, np.random.default_rng((seed, number)))
        delays.append(kept.draw("lost", number, lose)["delay_s"])
        on_done()
    return delays


def _lose(pipelines: ReplayedPipelines, seen: Scene, dark: Scene, random: np.random.Generator) -> dict[str, float | None]:
    pipeline, rate_hz = pipelines.open(), pipelines.options.faces.analysis_rate_hz
    lasts_s = round(float(random.uniform(2.0, 5.0)) * rate_hz) / rate_hz
    cues: list[Cue] = []
    for scene, start_s, length_s in ((seen, 0.0, lasts_s), (dark, lasts_s, DARK_S)):
        for frame in scene.frames(start_s, length_s, rate_hz, int(random.integers(10_000))):
            cues += [event.cue for event in pipeline.feed(frame) if isinstance(event, CueChanged)]
    gone = [cue.start_s for cue in cues if cue.start_s >= lasts_s and cue.state is CueState.CANT_SEE]
    return {"delay_s": gone[0] - lasts_s + float(random.uniform(0.0, 1.0 / rate_hz)) if gone else None}


def figures(changes: Sequence[Change]) -> dict[str, Any]:
    """Percentiles and misses of all changes and of each kind; what the rates held back is counted apart."""
    kinds = sorted({change.kind for change in changes})
    rows = {kind: _figures([change for change in changes if change.kind == kind]) for kind in kinds}
    return {"all": _figures(changes), **rows}


def _figures(changes: Sequence[Change]) -> dict[str, Any]:
    free = [change for change in changes if not change.is_held]
    delays = [change.delay_s for change in free if change.delay_s is not None]
    return {
        **percentiles(delays),
        "missed": len(free) - len(delays),
        "held_by_rates": len(changes) - len(free),
        "first_not_named": sum(not change.was_named for change in changes),
    }
