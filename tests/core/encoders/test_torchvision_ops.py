"""A start leaves torch's compiler out, and whoever asks for it afterwards gets the real one."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import torch
from emoasst_core.encoders.open_clip_network import import_open_clip
open_clip = import_open_clip()
assert open_clip.get_model_config("ViT-B-32")
assert "torch._dynamo" not in sys.modules and "sympy" not in sys.modules, "the compiler was imported"
from torchvision.ops.roi_align import is_compile_supported
assert isinstance(is_compile_supported("cpu"), bool)
import torch._dynamo
assert torch._dynamo.__file__ and torch._dynamo.utils.is_compile_supported("cpu") == is_compile_supported("cpu")
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist() == [2.0, 2.0]
"""

READING = """
import sys
import numpy as np
from emoasst_core.emoasst.heads import EmoAsstHeads
heads = EmoAsstHeads({"embed_dim": 16, "num_heads": 2, "feedforward_dim": 16, "encoder_scope": "video"}, None).eval()
assert heads.embed_video(np.ones((24, 16), np.float32), np.ones((7, 16), np.float32)).shape == (16,)
assert "sympy" not in sys.modules, "reading a face imported the compiler's algebra"
"""


def test_reading_a_face_leaves_the_compilers_algebra_out():
    result = subprocess.run([sys.executable, "-c", READING], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr


def test_the_compiler_is_left_for_whoever_asks_for_it():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
