"""The constants of the personal memory: part of a model, chosen once on people who are in no test, never per family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from emoasst_core.datatypes import Modality
from emoasst_core.errors import ModelError

RETIRED: Final = ("least_skill",)  # constants of earlier models that nothing uses any more


@dataclass(frozen=True, slots=True)
class ModalityConstants:
    """How one modality remembers; variances in units of what varies within an emotion at the source.

    Attributes:
        person_variance: tau_u^2: how far people differ from the source in all emotions alike; more than 0.
        style_variance: tau_c^2: how far they differ in each emotion by itself; more than 0.
        temperature: T: the gain of the densities is divided by it, for dimensions are not independent; more than 0.
        alpha: how loud the votes of the clips are, in nats; 0 or more.
        beta: sharpness of a vote; more than 0.
        vote_prior: kappa: an emotion with this many clips votes at half strength; more than 0.
    """

    person_variance: float = 2.0
    style_variance: float = 0.1
    temperature: float = 5.0
    alpha: float = 1.0
    beta: float = 4.0
    vote_prior: float = 1.0

    def __post_init__(self) -> None:
        positive = (self.person_variance, self.style_variance, self.temperature, self.beta, self.vote_prior)
        if not all(0 < value < np.inf for value in positive) or not 0 <= self.alpha < np.inf:
            raise ModelError(
                f"These constants of the personal memory are out of range: {asdict(self)}.", "Import the model again."
            )


@dataclass(frozen=True, slots=True)
class MemoryConstants:
    """All of them.

    Attributes:
        modalities: {modality: its constants}; a modality without an entry is not remembered.
        evidence_bias, evidence_scale: the share of the personal reading is sigmoid(bias + scale * evidence in nats).
        one_class_discount: the share is divided by it while only one emotion has clips.
        sure_error, unsure_error: how often an answer is taken to be wrong, said surely and unsurely.
        burst_cosine: clips of the same emotion more alike than this in all they share are one observation.
        household_weight: what a clip of somebody unknown counts for a known person, beside a clip of their own.
    """

    modalities: Mapping[Modality, ModalityConstants] = field(default_factory=dict)
    evidence_bias: float = 0.0
    evidence_scale: float = 1.0
    one_class_discount: float = 8.0  # at 4, neutral answers alone cost the worst tenth of speakers more than 5 points
    sure_error: float = 0.18
    unsure_error: float = 0.4
    burst_cosine: float = 0.97
    household_weight: float = 0.5

    def __post_init__(self) -> None:
        shares = (self.sure_error, self.unsure_error, self.household_weight)
        fits = all(0 <= share < 1 for share in shares) and 0 <= self.evidence_scale < np.inf and 0 < self.burst_cosine <= 1
        if not fits or not self.one_class_discount >= 1 or not np.isfinite(self.evidence_bias):
            raise ModelError("The constants of the personal memory are out of range.", "Import the model again.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MemoryConstants:
        """Read what `as_dict` wrote.

        Raises:
            ModelError: an unknown field or modality, or a number out of range.
        """
        try:
            plain = {name: float(value) for name, value in values.items() if name not in ("modalities", *RETIRED)}
            modalities = {Modality(name): ModalityConstants(**part) for name, part in values.get("modalities", {}).items()}
            return cls(modalities, **plain)
        except (TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"The personal memory of this model cannot be read: {error}.", "Import the model again.") from error

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values = asdict(self)
        values["modalities"] = {modality.value: asdict(part) for modality, part in self.modalities.items()}
        return values
