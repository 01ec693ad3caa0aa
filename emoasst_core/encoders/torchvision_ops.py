"""Let open_clip import torchvision when its compiled operators do not fit the installed torch.

torchvision on PyPI is built against one torch build (on Linux the CUDA one). Beside a CPU-only torch its compiled library does
not load, and the import then fails while describing two box operators. open_clip and timm use neither: declaring the
two names first lets the import pass. Where the compiled library does load, it defines them itself and nothing is declared.
"""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def ensure_torchvision_imports() -> Any:
    """Import torchvision, declaring its two box operators only if its own library cannot.

    Returns:
        The torch library object that keeps the declarations alive, or None if none were needed.
    """
    import torch

    try:
        import torchvision
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
        import torchvision as torchvision

        return library
    return None
