"""Words as a row of states with the sentence's own state first: BERT and its kin, or a CLIP's text tower at small size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.encoders.offline import forbid_network
from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports
from emoasst_core.errors import ModelError
from emoasst_core.systems.clip_towers import ClipTowers

TOKENIZER_FILE: Final = "tokenizer.json"
KINDS: Final = ("bert", "roberta", "distilbert")
MAX_TOKENS: Final = 32
SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class BertStates(nn.Module):
    """A text transformer of the BERT family.

    Args:
        model_type: "bert", "roberta" or "distilbert".
        config: fields of its transformers configuration; empty for base size.
        tokenizer: tokenizer.json of the model, or one made by `train_tokenizer`.

    Raises:
        ModelError: another type, or no tokenizer.
    """

    def __init__(self, model_type: str, config: Mapping[str, Any], tokenizer: Path) -> None:
        super().__init__()
        if model_type not in KINDS:
            raise ModelError(f"Unknown text model {model_type!r}.", f"Known: {', '.join(KINDS)}.")
        if not tokenizer.is_file():
            raise ModelError(f"{tokenizer} is missing.", "Save the model's fast tokenizer beside its weights.")
        forbid_network()
        ensure_torchvision_imports()
        from tokenizers import Tokenizer
        from transformers import AutoConfig, AutoModel

        values = {name: value for name, value in config.items() if name not in ("model_type", "architectures")}
        self.network: Any = AutoModel.from_config(AutoConfig.for_model(model_type, **values))
        self.tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.enable_padding(pad_id=int(self.network.config.pad_token_id or 0))
        self.width = int(self.network.config.hidden_size)

    def raw_states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """n texts -> (n, l, width) states, the sentence's own first, and (n, l) mask."""
        found = self.tokenizer.encode_batch(list(texts))
        numbers = torch.tensor([one.ids for one in found])
        mask = torch.tensor([one.attention_mask for one in found])
        states: Tensor = self.network(input_ids=numbers, attention_mask=mask).last_hidden_state
        return states, mask.bool()

    def forward(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """As `raw_states`, every state a unit vector."""
        states, mask = self.raw_states(texts)
        return F.normalize(states, dim=-1), mask


class ClipStates(nn.Module):
    """A CLIP's word tokens, its end-of-text token put first."""

    def __init__(self, towers: ClipTowers) -> None:
        super().__init__()
        self.towers = towers
        self.towers.visual = nn.Identity()
        self.width = towers.embed_dim

    def forward(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """n texts -> (n, l, width) unit states and (n, l) mask."""
        numbers = self.towers.tokenize(texts)
        tokens, mask = self.towers.word_features(numbers)
        ends = tokens[torch.arange(len(tokens)), numbers.argmax(-1)]
        longest = int(numbers.argmax(-1).max()) + 1
        first = torch.ones(len(tokens), 1, dtype=torch.bool)
        return torch.cat([ends[:, None], tokens[:, 1:longest]], 1), torch.cat([first, mask[:, 1:longest]], 1)


def build_text(settings: Mapping[str, Any], folder: Path) -> Any:
    """{"kind": "clip", "towers": ...} or {"kind": "bert" ..., "config": {...}} with random weights; tokenizer in `folder`."""
    if settings["kind"] == "clip":
        return ClipStates(ClipTowers.from_settings(settings["towers"]))
    return BertStates(settings["kind"], settings["config"], folder / TOKENIZER_FILE)


def train_tokenizer(texts: Iterable[str], path: Path, vocab_size: int = 8000) -> Path:
    """Make a lower-case WordPiece vocabulary of texts, for models that start from random weights."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from tokenizers.trainers import WordPieceTrainer

    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(lowercase=True), BertPreTokenizer()
    tokenizer.train_from_iterator(
        texts, WordPieceTrainer(vocab_size=vocab_size, special_tokens=list(SPECIAL), show_progress=False)
    )
    marks = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return path
