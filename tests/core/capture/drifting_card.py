"""A sound card with a crystal of its own, hour after virtual hour, through the steering that keeps it beside the clock."""

from __future__ import annotations

import random
from dataclasses import dataclass

from emoasst_core.capture.clock_steering import ClockSteering

RATE_HZ = 16_000
BLOCK = 1_600


@dataclass(frozen=True)
class Drift:
    """How far the sound lay beside the clock at worst, in seconds, and how many blocks were steered."""

    worst_s: float
    num_blocks: int


def drift(ppm: float, hours: float, late_s: float = 0.0, seed: int = 0, is_steered: bool = True) -> Drift:
    """Steer the blocks of a card that is `ppm` fast for some hours; only their stamps and lengths, without any sound in them.

    Stamps are late by a random amount up to `late_s`, as callbacks are on a busy machine, and one in a thousand by 0.2 s.
    """
    generator, steering = random.Random(seed), ClockSteering(RATE_HZ)
    card_rate_hz = RATE_HZ * (1 + ppm * 1e-6)  # samples that it really takes per second
    worst_s, num_heard, num_blocks = 0.0, 0, int(hours * 3600 * RATE_HZ / BLOCK)
    for number in range(num_blocks):
        true_s = number * BLOCK / card_rate_hz
        worst_s = max(worst_s, abs(num_heard / RATE_HZ - true_s))
        delay_s = late_s * generator.random() if late_s and generator.random() > 0.001 else 2 * BLOCK / RATE_HZ * bool(late_s)
        change = steering.plan(true_s + delay_s - num_heard / RATE_HZ, BLOCK) if is_steered else 0
        num_heard += BLOCK + change
    return Drift(worst_s, num_blocks)
