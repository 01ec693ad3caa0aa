"""Which processor the encoders run on, and at what precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from emoasst_core.errors import ModelError

DEVICE_NAMES = ("cuda", "mps", "cpu")


@dataclass(frozen=True, slots=True)
class ComputeDevice:
    """A processor.

    Attributes:
        name: "cuda", "mps" or "cpu".
        half_precision: matrix products in bfloat16. Faster on a GPU, but an embedding then depends on its batch in the
            third decimal, so recognition keeps float32 and only training asks for this.
    """

    name: str = "cpu"
    half_precision: bool = False

    def autocast(self) -> AbstractContextManager[Any]:
        """Context in which the networks run."""
        if not self.half_precision:
            return nullcontext()
        import torch

        return torch.autocast(self.name, torch.bfloat16)


def choose_device(preferred: str = "", half_precision: bool = False) -> ComputeDevice:
    """Take the fastest processor there is.

    Args:
        preferred: one of "cuda", "mps", "cpu"; "" leaves the choice to this function.
        half_precision: use bfloat16 if the processor supports it.

    Raises:
        ModelError: the preferred processor is unknown or absent.
    """
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if preferred and preferred not in present:
        raise ModelError(f"There is no processor called {preferred!r}.", f"Known: {', '.join(DEVICE_NAMES)}.")
    if preferred and not present[preferred]:
        raise ModelError(f"This computer has no usable {preferred} processor.", "Choose cpu, or leave the choice open.")
    name = preferred or next(name for name in DEVICE_NAMES if present[name])
    supported = name == "cpu" or (name == "cuda" and torch.cuda.is_bf16_supported())
    return ComputeDevice(name, half_precision and supported)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Networks run on one thread inside; afterwards on as many as before."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
