"""Published weights of a transformer (BERT and its kin, wav2vec 2.0, HuBERT, AST, VideoMAE): all that is used, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from emoasst_core.encoders.checkpoints import load_weights, require_file
from emoasst_core.errors import ModelError

WEIGHTS_FILE: Final = "model.safetensors"
OLDER_NAMES: Final = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}  # as in BERT's own files
UNUSED: Final = ("pooler.", "masked_spec_embed")  # no system here asks for a pooler's output, or masks sound while training


def load_pretrained(network: Any, folder: Path) -> None:
    """Fill a transformers network from its model folder; the head of the task that it was published for is left out.

    Args:
        network: a transformers model without a task's head (`AutoModel`).
        folder: with `model.safetensors`; the names may stand behind the model's prefix ("bert.", "wav2vec2."), and older
            names of norms are understood.

    Raises:
        ModelError: the file is missing or damaged, a weight that is used is not in it, or it is of other sizes.
    """
    prefix = f"{network.base_model_prefix}."
    weights = {
        _name_now(name.removeprefix(prefix)): value for name, value in load_weights(require_file(folder, WEIGHTS_FILE)).items()
    }
    step = "Import the model again, with the config.json that belongs to it."
    try:
        # not strict: heads stay unread; also renames weight_g and weight_v of normed convolutions as torch has done since 2.0
        missing = network.load_state_dict(weights, strict=False).missing_keys
    except RuntimeError as error:
        raise ModelError(f"The weights in {folder} are of other sizes than its config.json describes.", step) from error
    if needed := [name for name in missing if not name.startswith(UNUSED)]:
        raise ModelError(f"{folder} lacks {len(needed)} of the weights its config.json describes, as {needed[0]}.", step)


def _name_now(name: str) -> str:
    for old, new in OLDER_NAMES.items():
        name = name.replace(old, new)
    return name
