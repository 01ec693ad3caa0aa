"""MER-CLIP's network: towers, label encoders, emotion query, decoder, and the comparison with the labels."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.datatypes import Modality
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import ConfigError
from emoasst_core.systems.clip_towers import ClipTowers
from emoasst_core.systems.mer_clip.decoder import CrossModalDecoder, Tokens
from emoasst_core.systems.mer_clip.label_encoder import NUM_CONTEXT, LabelEncoder
from emoasst_core.systems.wording import label_texts, read_wording

Task = Literal["emotion", "sentiment"]
TASKS: tuple[Task, ...] = ("emotion", "sentiment")
SENTIMENT_LABELS = ("negative", "positive")


@dataclass(frozen=True, slots=True)
class MerClipOptions:
    """Choices of the network.

    Attributes:
        label_form: labels as "word", "phrase" or "sentence".
        order: modalities in the order in which the decoder reads them; one that is left out is never read.
        num_layers, num_heads, hidden_dim: of the decoder.
        stacked: every decoder layer reads all modalities.
        decoder: False compares the mean of the modalities with the labels instead (the paper's "LE only").
        label_encoder: False classifies with a linear layer (the paper's "CMD only"; neither: plain late fusion).
        num_context: learnable vectors before each label.
        shared_text: the label encoder uses the words' own tower; only where that tower is frozen too.
        dropout: in the decoder.
    """

    label_form: str = "word"
    order: tuple[str, ...] = ("words", "face", "voice")
    num_layers: int = 3
    num_heads: int = 8
    hidden_dim: int = 512
    stacked: bool = False
    decoder: bool = True
    label_encoder: bool = True
    num_context: int = NUM_CONTEXT
    shared_text: bool = False
    dropout: float = 0.1

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The order as modalities.

        Raises:
            ConfigError: it names something else.
        """
        try:
            return tuple(Modality(name) for name in self.order)
        except ValueError as error:
            raise ConfigError(f"The order {self.order} names no known modality.", "Known: face, voice, words.") from error


class MerClip(nn.Module):
    """Three CLIP towers (sound as pictures), read by an emotion query and compared with label embeddings.

    Args:
        towers: a CLIP; its image tower is copied for the sound, its text tower for the labels.
        options: see `MerClipOptions`.
    """

    def __init__(self, towers: ClipTowers, options: MerClipOptions) -> None:
        super().__init__()
        self.options, self.towers = options, towers
        self.sound = copy.deepcopy(towers.visual)
        self.label_towers = None if options.shared_text else _text_only(towers)
        width = towers.embed_dim
        self.labels = nn.ModuleDict({task: LabelEncoder(towers, self._texts(task), options.num_context) for task in TASKS})
        words = read_wording()["query"]
        self.queries = nn.ModuleDict({task: LabelEncoder(towers, [words[task]], 0) for task in TASKS})
        self.query_prompts = nn.ParameterDict({task: nn.Parameter(torch.zeros(width)) for task in TASKS})
        self.decoder = CrossModalDecoder(
            width, options.num_layers, options.num_heads, options.hidden_dim, options.modalities, options.stacked, options.dropout
        )
        self.linear = nn.ModuleDict({task: nn.Linear(width, len(self._texts(task))) for task in TASKS})
        self.log_scale = nn.Parameter(torch.tensor(2.66))  # exp(2.66) = 1 / 0.07, CLIP's start
        self.presence_bias = nn.Parameter(torch.zeros(len(EMOTIONS)))
        self._settled: dict[str, tuple[Tensor, Tensor]] = {}

    def settle(self) -> None:
        """Compute labels and queries once: they depend on no clip, and nothing is trained any more."""
        with torch.no_grad():
            self._settled = {task: (self.label_features(task), self.query(task)) for task in TASKS}

    def freeze(self, trained: Sequence[str]) -> None:
        """Train the towers of these modalities and everything that is not a tower; the label towers never."""
        self.requires_grad_(True)
        if self.label_towers is not None:
            self.label_towers.requires_grad_(False)
        self.towers.visual.requires_grad_("face" in trained)
        self.towers.text.requires_grad_("words" in trained and not self.options.shared_text)
        self.sound.requires_grad_("voice" in trained)

    def face_tokens(self, pictures: Tensor) -> Tensor:
        """(n, 3, s, s) face pictures -> (n, embed_dim) unit tokens."""
        return self.towers.picture_features(pictures)

    def voice_tokens(self, pictures: Tensor) -> Tensor:
        """(n, 3, s, s) log-mel pictures of 2 s each -> (n, embed_dim) unit tokens."""
        return F.normalize(self.sound(pictures).float(), dim=-1)

    def word_tokens(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """(n, context_length) token numbers -> (n, context_length, embed_dim) unit tokens and their mask."""
        return self.towers.word_features(numbers)

    def label_features(self, task: Task) -> Tensor:
        """(num_labels, embed_dim) unit vectors of a task's labels."""
        if task in self._settled:
            return self._settled[task][0]
        result: Tensor = self.labels[task](self._label_towers())
        return result

    def query(self, task: Task) -> Tensor:
        """(embed_dim,): the label encoder's feature of the query word, plus a learnable prompt."""
        if task in self._settled:
            return self._settled[task][1]
        result: Tensor = self.queries[task](self._label_towers())[0] + self.query_prompts[task]
        return result

    def read(self, tokens: Tokens, task: Task) -> tuple[Tensor, dict[Modality, Tensor]]:
        """{modality: ((b, t, d), (b, t))} -> (b, d) what the query found, and where it looked.

        Raises:
            ConfigError: no modality of the order is given.
        """
        known = {modality: tokens[modality] for modality in self.decoder.order if modality in tokens}
        if not known:
            raise ConfigError("None of the modalities that this network reads was given.")
        if not self.options.decoder:
            return _mean_of_means(known), {}
        count = len(next(iter(known.values()))[0])
        found, attentions = self.decoder(self.query(task).expand(count, -1), known)
        return found, attentions

    def forward(self, tokens: Tokens, task: Task = "emotion") -> Tensor:
        """{modality: ((b, t, d), (b, t))} -> (b, num_labels) logits: scaled cosines with the labels."""
        found, _ = self.read(tokens, task)
        if not self.options.label_encoder:
            result: Tensor = self.linear[task](found)
            return result
        return self.log_scale.exp() * F.normalize(found, dim=-1) @ self.label_features(task).T

    def presence_logits(self, emotion_logits: Tensor) -> Tensor:
        """(b, num_emotions) logits of every emotion's presence by itself, from `forward`'s."""
        return emotion_logits - self.presence_bias

    @property
    def settings(self) -> dict[str, Any]:
        """For the profile."""
        return {"towers": self.towers.settings, "options": asdict(self.options)}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> MerClip:
        """The network of a profile with random weights."""
        options = dict(settings["options"])
        options["order"] = tuple(options["order"])
        return cls(ClipTowers.from_settings(settings["towers"]), MerClipOptions(**options))

    def _label_towers(self) -> ClipTowers:
        return self.towers if self.label_towers is None else self.label_towers

    def _texts(self, task: Task) -> list[str]:
        texts = label_texts(task, self.options.label_form)
        return [texts[name] for name in (EMOTIONS if task == "emotion" else SENTIMENT_LABELS)]


def _text_only(towers: ClipTowers) -> ClipTowers:
    copied = copy.deepcopy(towers)
    copied.visual = nn.Identity()
    return copied.requires_grad_(False)


def _mean_of_means(tokens: Tokens) -> Tensor:
    """Mean over the modalities of the means over their tokens; absent modalities are left out."""
    total, count = torch.zeros(()), torch.zeros(())
    for values, mask in tokens.values():
        weights = mask.unsqueeze(-1).to(values.dtype)
        mean = F.normalize((values * weights).sum(1) / weights.sum(1).clamp_min(1), dim=-1)
        present = mask.any(1, keepdim=True).to(values.dtype)
        total, count = total + mean * present, count + present
    return total / count.clamp_min(1)
