"""Keep the model libraries off the network: they would otherwise look for newer files whenever a model is opened.

Downloading is done by `model_download` alone, which uses none of these libraries.
"""

from __future__ import annotations

import os

OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")


def forbid_network() -> None:
    """Tell huggingface_hub, transformers and open_clip to use local files only; call before importing any of them."""
    for name in OFFLINE_VARIABLES:
        os.environ[name] = "1"
