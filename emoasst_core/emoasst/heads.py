"""The two trained parts of EmoAsst behind numpy: face frames to one vector, sound states to one vector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import Vector
from emoasst_core.emoasst.auditory_adapter import AuditoryAdapter
from emoasst_core.emoasst.visual_fusion_module import VisualFusionModule
from emoasst_core.errors import ModelError


class EmoAsstHeads(nn.Module):
    """Visual Fusion Module and auditory adapter as a profile describes them.

    Args:
        visual_fusion_module: keyword arguments of `VisualFusionModule`.
        auditory_adapter: keyword arguments of `AuditoryAdapter`, or None for a profile without sound.
    """

    def __init__(self, visual_fusion_module: dict[str, Any], auditory_adapter: dict[str, Any] | None) -> None:
        super().__init__()
        self.visual_fusion_module = VisualFusionModule(**visual_fusion_module)
        self.auditory_adapter = AuditoryAdapter(**auditory_adapter) if auditory_adapter else None

    def load(self, path: Path) -> EmoAsstHeads:
        """Fill in the weights of a safetensors file (stored at half precision, used at single).

        Raises:
            ModelError: the file is missing, damaged, or was made for other sizes.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            state = {name: value.float() for name, value in load_file(path).items()}
            self.load_state_dict(state)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"The heads of this model cannot be read from {path}.", "Import the model again.") from error
        except RuntimeError as error:
            raise ModelError(f"{path} does not fit the sizes in profile.json.", "Import the model again.") from error
        return self.eval()

    @torch.inference_mode()
    def embed_video(self, frame_embeddings: Vector, query_text: Vector) -> Vector:
        """(num_frames, embed_dim) face frames and (num_queries, embed_dim) query text -> (embed_dim,) unit vector."""
        frames = torch.from_numpy(np.ascontiguousarray(frame_embeddings)).unsqueeze(0)
        result: Vector = self.visual_fusion_module.embed(frames, torch.from_numpy(query_text))[0].numpy()
        return result

    @torch.inference_mode()
    def embed_sound(self, states: NDArray[np.float32]) -> Vector:
        """(t, audio_dim) states of one clip -> (embed_dim,) unit vector."""
        if self.auditory_adapter is None:
            raise ModelError("This model does not listen to voices.", "Choose another profile.")
        batch: Tensor = torch.from_numpy(np.ascontiguousarray(states)).unsqueeze(0)
        result: Vector = self.auditory_adapter(batch)[0].numpy()
        return result
