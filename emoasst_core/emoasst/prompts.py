"""The sentences that stand for emotions. Their wording is in assets/prompts.toml."""

from __future__ import annotations

import random
import string
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from emoasst_core.datatypes import Vector
from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.errors import ConfigError

NUM_TRAINING_FORMATS = 6  # EmoAsst, 3.2.3
EMOTION_FIELDS = frozenset({"adjective", "noun", "article"})
SPEAKER_FIELDS = frozenset({"person", "subject", "speaker"})
UTTERANCE_FIELD = "utterance"

Forms = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompt formats and the words that go into them.

    Attributes:
        training_formats: the six of EmoAsst, with {utterance} and {speaker} in some.
        class_formats: those that name nothing but the emotion.
        emotions: {emotion: {"adjective", "noun", "article"}}.
        speakers: {"unknown" | "man" | "woman": {"person", "subject", "speaker"}}.
    """

    training_formats: tuple[str, ...]
    class_formats: tuple[str, ...]
    emotions: Mapping[str, Forms]
    speakers: Mapping[str, Forms]

    @classmethod
    def load(cls, path: Path) -> Prompts:
        """Read a prompts file.

        Raises:
            ConfigError: not TOML, a table is missing, or a format names a field that nothing fills.
        """
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
            prompts = cls(tuple(tables["training"]), tuple(tables["class"]), tables["emotions"], tables["speakers"])
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"Cannot read the prompts in {path}: {error}.") from error
        except KeyError as error:
            raise ConfigError(f"The prompts in {path} lack {error}.") from error
        prompts._check(path)
        return prompts

    def class_prompts(self, emotion: str) -> list[str]:
        """Every label-only sentence of one emotion: the same for all utterances, so nothing of a clip is in it."""
        return [_fill(text, self._forms(emotion)) for text in self.class_formats]

    def class_features(self, embed: Callable[[Sequence[str]], Vector]) -> Vector:
        """One unit vector per emotion: the normalised mean over its class prompts.

        Args:
            embed: texts -> (num_texts, embed_dim) unit vectors.

        Returns:
            (num_emotions, embed_dim): the zero-shot head's text weights and the queries of the Visual Fusion Module.
        """
        means = np.stack([np.mean(embed(self.class_prompts(name)), axis=0) for name in EMOTIONS])
        features: Vector = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
        return features

    def training_prompts(
        self, emotion: str, utterance: str = "", speaker: str = "", gender: Literal["man", "woman"] | None = None
    ) -> list[str]:
        """The six sentences in the paper's order; those that quote the utterance are left out where nothing was said.

        Args:
            emotion: the right answer, which every sentence contains.
            utterance: what was said.
            speaker: name of the speaker, if known.
            gender: chooses "man" and "He" or "woman" and "She"; None writes "person" and "The person".

        Raises:
            KeyError: an unknown emotion.
        """
        words = {**self.speakers[gender or "unknown"], **self._forms(emotion), UTTERANCE_FIELD: utterance.strip()}
        if speaker.strip():
            words["speaker"] = speaker.strip()
        usable = [text for text in self.training_formats if utterance.strip() or UTTERANCE_FIELD not in _fields(text)]
        return [_fill(text, words) for text in usable]

    def training_prompt(
        self,
        emotion: str,
        utterance: str,
        speaker: str,
        rng: random.Random,
        gender: Literal["man", "woman"] | None = None,
    ) -> str:
        """One of `training_prompts`, each equally likely (EmoAsst draws one per sample)."""
        return rng.choice(self.training_prompts(emotion, utterance, speaker, gender))

    def _forms(self, emotion: str) -> Forms:
        return self.emotions[EMOTIONS[emotion_index(emotion)]]

    def _check(self, path: Path) -> None:
        if len(self.training_formats) != NUM_TRAINING_FORMATS or not self.class_formats:
            raise ConfigError(f"The prompts in {path} need {NUM_TRAINING_FORMATS} training formats and one for classes.")
        for names, forms, needed in (
            (EMOTIONS, self.emotions, EMOTION_FIELDS),
            (("unknown", "man", "woman"), self.speakers, SPEAKER_FIELDS),
        ):
            for name in names:
                missing = needed - set(forms.get(name, ()))
                if missing:
                    raise ConfigError(f"The prompts in {path} lack {', '.join(sorted(missing))} of {name}.")
        for formats, known in (
            (self.class_formats, EMOTION_FIELDS),
            (self.training_formats, EMOTION_FIELDS | SPEAKER_FIELDS | {UTTERANCE_FIELD}),
        ):
            for text in formats:
                unknown = _fields(text, path) - known
                if unknown:
                    raise ConfigError(f"The prompt {text!r} in {path} names {', '.join(sorted(unknown))}, which nothing fills.")


def _fields(text: str, path: Path | None = None) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ConfigError(f"The prompt {text!r} in {path} has a brace too many or too few.") from error


def _fill(text: str, words: Mapping[str, Any]) -> str:
    sentence = text.format_map(words)
    return sentence[:1].upper() + sentence[1:]
