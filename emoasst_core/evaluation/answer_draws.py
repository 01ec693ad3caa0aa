"""Which clips of a person get an answer, and how often the answer is wrong: the ways in which a family might use the memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Scenario = Literal["natural", "balanced", "neutral"]
SCENARIOS: Final[tuple[Scenario, ...]] = ("natural", "balanced", "neutral")
WRONG_SHARE: Final = 0.1
# How often each emotion occurs in talk: MELD's train split, in class order.
PRIORS: Final = np.array([0.472, 0.174, 0.068, 0.111, 0.027, 0.121, 0.027])
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draw:
    """What was answered.

    Attributes:
        rows: (n,) clips with an answer.
        given: (n,) the answers; differ from the truth where they are wrong.
        rest: (m,) the other clips, which are scored.
    """

    rows: Labels
    given: Labels
    rest: Labels


def draw_answers(labels: Labels, num_shots: int, scenario: Scenario, rng: np.random.Generator) -> Draw:
    """Draw answered clips; at most half of a person's clips of any emotion, so that the other half is left to be scored.

    natural: `num_shots` times the number of emotions, as often as each occurs in talk, one in ten answered wrong.
    balanced: `num_shots` of every emotion, all right. neutral: `num_shots` clips, all of them neutral, all right.
    """
    pools = {int(label): rng.permutation(np.flatnonzero(labels == label)).tolist() for label in np.unique(labels)}
    pools = {label: rows[: len(rows) // 2] for label, rows in pools.items()}
    chosen: list[int] = []
    if scenario == "natural":
        for _ in range(num_shots * len(pools)):
            left = [label for label, rows in pools.items() if rows]
            if not left:
                break
            shares = PRIORS[left] / PRIORS[left].sum()
            chosen.append(pools[int(rng.choice(left, p=shares))].pop())
    else:
        wanted = [0] if scenario == "neutral" else list(pools)
        chosen = [row for label in wanted for row in pools.get(label, [])[:num_shots]]
    rows = np.array(chosen, np.int64)
    given = labels[rows].copy()
    if scenario == "natural":
        for place in np.flatnonzero(rng.random(len(rows)) < WRONG_SHARE):
            given[place] = rng.choice([label for label in pools if label != given[place]])
    return Draw(rows, given, np.setdiff1d(np.arange(len(labels)), rows))


def is_possible(labels: Labels, num_shots: int, scenario: Scenario) -> bool:
    """Whether a person has clips enough: `num_shots` per emotion on average (neutral: of neutral), in half of their clips."""
    counts = np.bincount(labels, minlength=len(PRIORS)) // 2
    if scenario == "neutral":
        return bool(counts[0] >= num_shots)
    return bool(np.median(counts[counts > 0]) >= num_shots)
