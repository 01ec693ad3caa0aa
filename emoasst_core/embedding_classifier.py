"""From embeddings to probabilities: fusion, heads, the family's shots and calibration of a profile. No tower is needed for it.

So the window, which loads no model, can say what an answer changes and which clips spoke for a cue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.explanation import Explanation
from emoasst_core.classifier.family_memory import FamilyMemory, owner_of
from emoasst_core.classifier.joint_classifier import JointClassifier
from emoasst_core.classifier.memory_constants import MemoryConstants, ModalityConstants
from emoasst_core.classifier.personal_memory import MemoryModel
from emoasst_core.classifier.personal_reading import PersonalReader
from emoasst_core.classifier.shot_cache import ShotCache
from emoasst_core.classifier.shot_weights import find_bursts
from emoasst_core.classifier.source_clips import SourceClips, load_source
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.config import MEMORIES
from emoasst_core.datatypes import Modality, Shot, Vector
from emoasst_core.errors import ConfigError
from emoasst_core.fusion import fuse
from emoasst_core.paths import assets_folder
from emoasst_core.profile import ProfileConfig, encoder_hash, read_profile, resolve_profile


class EmbeddingClassifier:
    """Reads embeddings that the towers of a profile have made.

    Args:
        config: the profile.
        encoder_hash: of its towers; shots of others are refused.
        text_weights: (num_emotions, embed_dim) class texts.
        sources: what is known of each modality; the class texts stand in for what is missing.
    """

    def __init__(
        self,
        config: ProfileConfig,
        encoder_hash: str,
        text_weights: ArrayLike,
        sources: Mapping[Modality, SourceClips] | None = None,
    ) -> None:
        self.config, self.encoder_hash = config, encoder_hash
        self.calibration = Calibration.from_dict(config.calibration)
        self.reliabilities = {Modality(name): weight for name, weight in config.reliabilities.items()}
        self.heads = {
            Modality(name): ZeroShotHead(text_weights, float(head["scale"]), np.array(head["bias"], np.float32))
            for name, head in config.zero_shot.items()
        }
        constants = MemoryConstants.from_dict(config.memory.get("constants", {}))
        texts, known = SourceClips.of_text(text_weights), sources or {}
        readers = {
            modality: PersonalReader(
                head, known.get(modality, texts), constants.modalities.get(modality, ModalityConstants(alpha=0.0))
            )
            for modality, head in self.heads.items()
        }
        self.memory_model = MemoryModel(readers, constants, self.calibration, self.reliabilities)
        self.mode = ""
        self._memory = FamilyMemory(self.encoder_hash, self.memory_model)
        self._cache = ShotCache(self.encoder_hash, _by_modality(self.config.alphas), self.config.beta)
        self.use_shots(())

    @classmethod
    def open(cls, profile: str | Path) -> EmbeddingClassifier:
        """Open a profile without its towers (its text tower is loaded only where it ships no class texts).

        Raises:
            ConfigError: there is no such profile.
            ModelError: a part of it is missing or damaged.
        """
        folder = resolve_profile(profile)
        config = read_profile(folder)
        return cls(config, encoder_hash(folder, config), *read_source(folder, config))

    def use_shots(self, shots: Sequence[Shot], mode: str = "") -> None:
        """Replace the family's shots; takes effect at the next reading.

        Args:
            mode: "personal" or "paper"; "" for what the profile says.

        Raises:
            ConfigError: no such mode.
            CacheError: a shot was made by other encoders, or is damaged.
        """
        self.mode = mode or str(self.config.memory.get("mode", "paper"))
        if self.mode not in MEMORIES:
            raise ConfigError(f"There is no memory mode {self.mode!r}.", f"Known: {', '.join(MEMORIES)}.")
        self._memory = self._memory.with_shots(shots if self.mode == "personal" else ())
        self._cache = self._cache.with_shots(shots if self.mode != "personal" else ())
        self.classifier = JointClassifier(self.heads, self._cache, self._memory)

    def classify(self, embeddings: Mapping[Modality, Vector], person: str = "") -> Vector:
        """{modality: (embed_dim,)} -> (num_emotions,) calibrated probabilities, summing to 1.

        Args:
            person: whose they are; "" where nobody knows.
        """
        return self.classifier.probs(fuse(embeddings, self.reliabilities), self.calibration, person)

    def left_out_readings(self, person: str = "") -> list[tuple[Shot, Vector]]:
        """Each of a person's shots, and what would be read of it if it, and what is one observation with it, had no answer."""
        if self.mode == "personal":
            memory = self.classifier.memory.of(person) if self.classifier.memory is not None else None
            probs = memory.left_out_mixture(tuple(self.reliabilities)) if memory is not None else ()
            read = zip(memory.shots, probs, strict=True) if memory is not None else ()
            own = [(shot, np.asarray(row, np.float32)) for shot, row in read if owner_of(shot) == person]
            return [(shot, row) for shot, row in own if np.isfinite(row).all()]
        shots = list(self.classifier.cache or ())
        together, _ = find_bursts(shots, self.memory_model.constants.burst_cosine)
        readings = []
        for shot, burst in zip(shots, together, strict=True):
            if owner_of(shot) == person and shot.keys.keys() & self.reliabilities.keys():
                cache = ShotCache(self.encoder_hash, _by_modality(self.config.alphas), self.config.beta)
                for other, is_left_out in zip(shots, burst, strict=True):
                    if not is_left_out:
                        cache.add(other)
                query = fuse(shot.keys, self.reliabilities)
                readings.append((shot, JointClassifier(self.heads, cache).probs(query, self.calibration, person)))
        return readings

    def classify_alone(self, embeddings: Mapping[Modality, Vector]) -> Vector:
        """As `classify`, by the model alone: what would be read had the family answered nothing."""
        query = fuse(embeddings, self.reliabilities)
        return self.calibration.predict(self.classifier.model_logits(query), query.embeddings.keys())

    def explain(self, embeddings: Mapping[Modality, Vector], person: str = "") -> Explanation:
        """Which of the family's clips were heard about a reading, and how far, by the memory in use.

        Args:
            person: as `classify`.
        """
        return self.classifier.explain(fuse(embeddings, self.reliabilities), person)

    def doubtful_shots(self) -> tuple[int, ...]:
        """Ids of the shots that disagree with the person's others: worth another look."""
        return self.classifier.memory.doubtful() if self.classifier.memory is not None else ()


def read_source(folder: Path, config: ProfileConfig) -> tuple[Vector, dict[Modality, SourceClips]]:
    """Class texts and source clips of a profile.

    Raises:
        ModelError: a file is missing or damaged.
    """
    name: Any = config.memory.get("source", "")
    if name:
        return load_source(folder / str(name))
    from emoasst_core.emoasst.prompts import Prompts
    from emoasst_core.encoders.text import TextEncoder

    prompts = Prompts.load(assets_folder() / "prompts.toml")
    return prompts.class_features(TextEncoder(folder / config.text).embed), {}


def _by_modality(values: Mapping[str, float]) -> dict[Modality, float]:
    return {Modality(name): value for name, value in values.items()}
