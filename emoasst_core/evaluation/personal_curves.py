"""How much a person's answers help: curves over the number of answers, intervals over people, and the worst tenth of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.evaluation.answer_draws import SCENARIOS, Scenario, draw_answers, is_possible
from emoasst_core.evaluation.metrics import unweighted_average_recall
from emoasst_core.evaluation.personal_methods import METHODS, Outcome, Setting, run_draw
from emoasst_core.evaluation.speaker_set import SpeakerSet

SHOT_COUNTS: Final = (1, 2, 4, 8, 16)
NUM_DRAWS: Final = 20
NUM_RESAMPLES: Final = 1_000
ZERO_SHOT: Final = "zero-shot"
Array = NDArray[np.float64]
Tick = Callable[[], None]
Cell = tuple[Scenario, int]
# Of one person and cell: {method: (draws, 2) accuracy and UAR}, counts of (wrong and doubted, wrong, doubted), mean share
PersonResult = tuple[Mapping[str, Array], Array, float]
Results = dict[Cell, list[PersonResult]]


def personal_curves(
    sets: Sequence[SpeakerSet],
    setting: Setting,
    shot_counts: Sequence[int] = SHOT_COUNTS,
    num_draws: int = NUM_DRAWS,
    methods: tuple[str, ...] = METHODS,
    scenarios: Sequence[Scenario] = SCENARIOS,
    seed: int = 0,
    tick: Tick = lambda: None,
) -> dict[str, Any]:
    """Accuracy and UAR of every method in every scenario at every number of answers.

    A person takes part in a cell where half of their clips are enough for it. Each draw is seeded by itself, so that methods
    and runs see the same answers.

    Args:
        tick: called after each person and cell.

    Returns:
        {"scenario": {"K": {"num_people", "methods": {method: figures}, "wrong answers", "share"}}}.
    """
    chosen = list(cells(shot_counts, scenarios))
    return curves_of([person_results(people, setting, chosen, num_draws, methods, seed, tick) for people in sets], methods)


def person_results(
    people: SpeakerSet, setting: Setting, chosen: Sequence[Cell], num_draws: int = NUM_DRAWS,
    methods: tuple[str, ...] = METHODS, seed: int = 0, tick: Tick = lambda: None,
) -> Results:  # fmt: skip
    """What every way gave in every cell, for each person of a set who has clips enough."""
    results: Results = {cell: [] for cell in chosen}
    for cell, person in ((cell, person) for cell in chosen for person in people.people()):
        vectors, labels = people.of(person)
        if is_possible(labels, cell[1], cell[0]):
            results[cell].append(_run_person(people, vectors, labels, cell, setting, num_draws, methods, seed))
        tick()
    return results


def curves_of(parts: Sequence[Results], methods: tuple[str, ...] = METHODS) -> dict[str, Any]:
    """Means, intervals and worst tenths over the people of all parts together; see `personal_curves`."""
    curves: dict[str, Any] = {scenario: {} for part in parts for scenario, _ in part}
    for scenario, num_shots in parts[0]:
        results = [result for part in parts for result in part[scenario, num_shots]]
        if results:
            curves[scenario][str(num_shots)] = _summary(results, methods)
    return curves


def cells(shot_counts: Sequence[int], scenarios: Sequence[Scenario] = SCENARIOS) -> Iterator[Cell]:
    """Every scenario at every number of answers."""
    return ((scenario, count) for scenario in scenarios for count in shot_counts)


def everybody(sets: Sequence[SpeakerSet]) -> list[tuple[SpeakerSet, str]]:
    """All people of all sets."""
    return [(people, person) for people in sets for person in people.people()]


def _run_person(
    people: SpeakerSet, vectors: Array, labels: NDArray[np.int64], cell: Cell, setting: Setting, num_draws: int,
    methods: tuple[str, ...], seed: int,
) -> PersonResult:  # fmt: skip
    scenario, num_shots = cell
    scores: dict[str, list[tuple[float, float]]] = {method: [] for method in methods}
    counts, shares = np.zeros(3), []
    for number in range(num_draws):
        draw = draw_answers(labels, num_shots, scenario, np.random.default_rng([seed, number, num_shots]))
        outcome: Outcome = run_draw(people, vectors, draw, setting, methods)
        truth = labels[draw.rest]
        for method, predicted in outcome.predictions.items():
            scores[method].append((float((predicted == truth).mean()), unweighted_average_recall(truth, predicted)))
        wrong = draw.given != labels[draw.rows]
        counts += [(wrong & outcome.doubted).sum(), wrong.sum(), outcome.doubted.sum()]
        shares.append(outcome.share)
    return {method: np.array(values) for method, values in scores.items()}, counts, float(np.mean(shares))


def _summary(results: Sequence[PersonResult], methods: tuple[str, ...]) -> dict[str, Any]:
    found, wrong, doubted = (float(value) for value in np.sum([counts for _, counts, _ in results], axis=0))
    base = np.array([scores[ZERO_SHOT] for scores, _, _ in results]) if ZERO_SHOT in methods else None
    figures = {}
    for method in methods:
        values = np.array([scores[method] for scores, _, _ in results])  # (people, draws, 2)
        figures[method] = _figures(values, values - base if base is not None else values)
    return {
        "num_people": len(results),
        "methods": figures,
        "share": round(float(np.mean([share for _, _, share in results])), 3),
        "wrong answers": {
            "given": int(wrong), "asked about": int(doubted), "found": int(found),
            "recall": round(found / wrong, 3) if wrong else None, "precision": round(found / doubted, 3) if doubted else None,
        },
    }  # fmt: skip


def _figures(values: Array, gains: Array) -> dict[str, Any]:
    """Mean over people of the mean over draws, its interval over people, and the gain over zero-shot.

    The worst tenth is told twice: of people (each by the mean of their draws), and of single evenings (every draw by itself).
    """
    result: dict[str, Any] = {}
    for column, name in enumerate(("accuracy", "uar")):
        own, gain = values[:, :, column].mean(1), gains[:, :, column].mean(1)
        result[name] = round(float(own.mean()), 4)
        result[f"{name}_interval"] = _interval(own)
        result[f"{name}_gain"] = round(float(gain.mean()), 4)
        result[f"{name}_gain_interval"] = _interval(gain)
        result[f"{name}_worst_tenth"] = round(_worst_tenth(gain), 4)
        result[f"{name}_worst_tenth_of_draws"] = round(_worst_tenth(gains[:, :, column].ravel()), 4)
    return result


def _interval(per_person: Array) -> list[float]:
    """95 % bootstrap interval of the mean over people."""
    rng = np.random.default_rng(0)
    means = per_person[rng.integers(0, len(per_person), (NUM_RESAMPLES, len(per_person)))].mean(1)
    return [round(float(end), 4) for end in np.percentile(means, [2.5, 97.5])]


def _worst_tenth(gains: Array) -> float:
    """Mean of the lowest tenth, at least one."""
    return float(np.sort(gains)[: max(1, round(len(gains) / 10))].mean())
