"""Answers that an adult looked at again and kept, though other clips speak against them."""

from __future__ import annotations

from typing import Final

KEPT_SHOTS: Final[str] = """
-- What stood around the shot when it was kept, see review/kept_doubts.py; '' where nobody looked at it again.
ALTER TABLE shots ADD COLUMN kept_amid TEXT NOT NULL DEFAULT '';
"""
