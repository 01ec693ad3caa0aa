"""EmoAsst as one object: encoders, fusion, classifier and calibration of a profile, in the order of the sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Modality, Prediction, Shot, Source, Utterance, Vector
from emoasst_core.embedding_classifier import EmbeddingClassifier, read_source
from emoasst_core.encoders.word_grams import is_filler
from emoasst_core.paths import assets_folder
from emoasst_core.profile import encoder_hash, read_profile, resolve_profile
from emoasst_core.windows.silence import trim_silence

MIN_SOUND_S = 0.4  # shorter sound holds too few states to say anything


class Recogniser:
    """Names the emotion of utterances. Opening one loads every model of its profile.

    Args:
        profile: name of an installed or bundled profile, or its folder.
        shots: the family's cache; those of other encoders are refused.

    Raises:
        ModelError: a part of the profile is missing or damaged.
        CacheError: a shot belongs to other encoders.
    """

    def __init__(self, profile: str | Path = "starter", shots: Sequence[Shot] = ()) -> None:
        from emoasst_core.emoasst.heads import EmoAsstHeads
        from emoasst_core.emoasst.prompts import Prompts
        from emoasst_core.encoders.audio import AudioEncoder
        from emoasst_core.encoders.text import TextEncoder
        from emoasst_core.encoders.vision import VisionEncoder
        from emoasst_core.encoders.words import GramsEncoder

        folder = resolve_profile(profile)
        self.config = read_profile(folder)
        self.encoder_hash = encoder_hash(folder, self.config)
        self.vision = VisionEncoder(folder / self.config.vision)
        self.text = TextEncoder(folder / self.config.text)
        self.audio = AudioEncoder(folder / self.config.audio) if self.config.audio else None
        self.words = GramsEncoder(folder / self.config.words) if self.config.words else None
        adapter = dict(self.config.auditory_adapter) if self.config.auditory_adapter else None
        self.heads = EmoAsstHeads(dict(self.config.visual_fusion_module), adapter).load(folder / self.config.heads)
        prompts = Prompts.load(assets_folder() / "prompts.toml")
        self.text_weights = prompts.class_features(self.text.embed)
        sources = read_source(folder, self.config)[1] if self.config.memory.get("source") else {}
        self.reading = EmbeddingClassifier(self.config, self.encoder_hash, self.text_weights, sources)
        self.reliabilities = self.reading.reliabilities
        self.use_shots(shots)

    @property
    def num_parameters(self) -> int:
        """Weights of the towers and heads."""
        towers = [tower.num_parameters for tower in (self.vision, self.text, self.audio, self.words) if tower is not None]
        return sum(towers) + sum(weight.numel() for weight in self.heads.parameters())

    def use_shots(self, shots: Sequence[Shot], mode: str = "") -> None:
        """Replace the family's shots; takes effect at the next prediction.

        Args:
            mode: "personal" or "paper"; "" for what the profile says.

        Raises:
            ConfigError: no such mode.
            CacheError: a shot was made by other encoders, or is damaged.
        """
        self.reading.use_shots(shots, mode)

    def predict(self, utterance: Utterance) -> Prediction | None:
        """Name the emotion of one utterance.

        Returns:
            Calibrated probabilities, or None where nothing of it could be seen, heard or read.
        """
        embeddings = self.encode(utterance)
        if not embeddings:
            return None
        source = Source.FUSED if len(embeddings) > 1 else Source(next(iter(embeddings)).value)
        return Prediction(
            utterance.start_s, utterance.end_s, source, self.classify(embeddings, utterance.person), utterance.person
        )

    def encode(self, utterance: Utterance) -> dict[Modality, Vector]:
        """{modality: (embed_dim,)} of what is present; an absent modality has no entry."""
        embeddings: dict[Modality, Vector] = {}
        if utterance.frame_embeddings is not None:
            embeddings[Modality.FACE] = self.embed_video(utterance.frame_embeddings)
        if utterance.samples is not None and (voice := self.embed_voice(utterance.samples)) is not None:
            embeddings[Modality.VOICE] = voice
        if (words := self.embed_words(utterance.text, utterance.context)) is not None:
            embeddings[Modality.WORDS] = words
        return embeddings

    def classify(self, embeddings: Mapping[Modality, Vector], person: str = "") -> Vector:
        """{modality: (embed_dim,)} -> (num_emotions,) calibrated probabilities, summing to 1.

        Args:
            person: whose they are, so that the answers given for this person are used; "" where nobody knows.
        """
        return self.reading.classify(embeddings, person)

    def embed_crops(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n face crops, (s, s, 3) uint8 RGB -> (n, embed_dim)."""
        return self.vision.embed(crops)

    def embed_video(self, frame_embeddings: Vector) -> Vector:
        """(num_frames, embed_dim) -> (embed_dim,) through the Visual Fusion Module, with label-free class queries."""
        return self.heads.embed_video(frame_embeddings, self.text_weights)

    def embed_voice(self, samples: NDArray[np.float32]) -> Vector | None:
        """(n,) sound -> (embed_dim,), silent ends taken off; None for a profile without sound, or less than `MIN_SOUND_S`."""
        samples = trim_silence(samples)
        if self.audio is None or len(samples) < MIN_SOUND_S * SAMPLE_RATE_HZ:
            return None
        num_pieces = int(np.ceil(len(samples) / (self.config.max_sound_s * SAMPLE_RATE_HZ)))
        pieces = np.array_split(samples, num_pieces)
        from emoasst_core.encoders.changing_shapes import without_kept_kernels

        with without_kept_kernels():
            mean = np.mean([self.heads.embed_sound(self.audio.states(piece)) for piece in pieces], axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)

    def embed_words(self, text: str, context: Sequence[str] = ()) -> Vector | None:
        """A transcript -> (embed_dim,); None for fillers too short to carry a feeling, or where words are not used.

        Args:
            context: transcripts of up to two utterances before it, oldest first.
        """
        if Modality.WORDS not in self.reliabilities:
            return None
        if self.words is None:
            return None if len(text.split()) < self.config.min_words else np.asarray(self.text.embed([text])[0], np.float32)
        return None if is_filler(text, self.config.min_words) else self.words.embed(text, context)
