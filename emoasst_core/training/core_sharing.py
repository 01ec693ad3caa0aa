"""Threads that wait should sleep."""

from __future__ import annotations

import os


def share_cores() -> None:
    """Let the threads of torch sleep while they wait for each other, before torch is loaded.

    By default OpenMP's threads spin. As soon as anything else runs on the machine, they burn the very cores that the thread they
    wait for needs: on two busy cores a training step of the Visual Fusion Module took several times as long. Whoever sets
    OMP_WAIT_POLICY keeps that.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
