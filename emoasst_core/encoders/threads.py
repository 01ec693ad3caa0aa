"""How many threads torch uses."""

from __future__ import annotations

import torch


def use_threads(num_threads: int) -> None:
    """From now on, in this process; they are made when they are first needed, and never for one."""
    torch.set_num_threads(num_threads)
