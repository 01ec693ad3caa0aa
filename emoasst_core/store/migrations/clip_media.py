"""Recordings of which only the clips to ask about may be kept."""

from __future__ import annotations

from typing import Final

CLIP_MEDIA: Final[str] = """
-- 1 where people agreed to clips but not to a recording: each segment is one clip, and goes when its clip goes.
ALTER TABLE recordings ADD COLUMN is_clips INTEGER NOT NULL DEFAULT 0 CHECK (is_clips IN (0, 1));
"""
