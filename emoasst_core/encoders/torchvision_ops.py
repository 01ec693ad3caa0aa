"""Let open_clip import torchvision when its compiled operators do not fit the installed torch.

torchvision on PyPI is built against one torch build (on Linux the CUDA one). Beside a CPU-only torch its compiled library does
not load, and the import then fails while describing two box operators. open_clip and timm use neither: declaring the
two names first lets the import pass. Where the compiled library does load, it defines them itself and nothing is declared.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@functools.cache
def ensure_torchvision_imports() -> Any:
    """Import torchvision, declaring its two box operators only if its own library cannot.

    Returns:
        The torch library object that keeps the declarations alive, or None if none were needed.
    """
    import torch

    with compiler_left_for_later():
        try:
            import torchvision
        except RuntimeError:
            library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
            for name in ("nms", "qnms"):
                library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
            import torchvision as torchvision

            return library
    return None


@contextmanager
def compiler_left_for_later() -> Iterator[None]:
    """Inside, torch's compiler is not imported, unless it is there already: with sympy it takes 1.4 of the 4 seconds of a start.

    torchvision wants it in order to ask, each time that one of its box operators runs, what it can compile for; timm marks
    functions that it must not compile. Nothing here is compiled: the marks are left out, and the question is passed on.
    """
    name, asked = "torch._dynamo", "torch._dynamo.utils"
    if name in sys.modules:
        yield
        return
    sys.modules[name], sys.modules[asked] = ModuleType(name), ModuleType(asked)
    sys.modules[name].disable = _unmarked  # type: ignore[attr-defined]
    sys.modules[asked].is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del sys.modules[name], sys.modules[asked]


def _unmarked(function: Any = None, *_args: Any, **_options: Any) -> Any:
    return function if function is not None else _unmarked


def _is_compile_supported(device_type: str) -> bool:
    from torch._dynamo.utils import is_compile_supported

    return bool(is_compile_supported(device_type))
