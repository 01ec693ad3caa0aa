"""Networks whose input has another length each time, run without kernels that are kept for the length."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch.backends import mkldnn


@contextmanager
def without_kept_kernels() -> Iterator[None]:
    """Let torch use its own convolutions inside, and not oneDNN's, which compiles and keeps one for every shape.

    Every voice has a length of its own. 200 of them through the starter's voice tower: 4.4 MB more held after the 40th with
    oneDNN, none without; 24 ms of processor time each with it, 20 without; the vectors differ by less than 1e-7. The setting
    is of the whole process: no other network should run in another thread meanwhile, or it will do without oneDNN as well.
    """
    before = mkldnn.set_flags(_enabled=False, _fp32_precision=None)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        mkldnn.set_flags(_enabled=before[0], _fp32_precision=None)  # type: ignore[no-untyped-call]
