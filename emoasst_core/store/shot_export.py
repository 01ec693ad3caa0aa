"""The family's shots as JSON values."""

from __future__ import annotations

import base64
from typing import Any

from emoasst_core.emotions import EMOTIONS
from emoasst_core.store.columns import blob_from_vector, text_from_moment
from emoasst_core.store.database import Database
from emoasst_core.store.shots import list_shots


def export_shots(database: Database) -> dict[str, Any]:
    """The cache as JSON values: the same cache gives the same bytes."""
    return {
        "format": "emoasst-shots",
        "format_version": 1,
        "emotions": list(EMOTIONS),
        "key_encoding": "base64 of little-endian float32",
        "shots": [
            {
                "shot_id": record.shot.shot_id,
                "label": [float(prob) for prob in record.shot.label],
                "encoder_hash": record.shot.encoder_hash,
                "person": record.shot.person,
                "session": record.session_id,
                "utterance": record.utterance_number,
                "labeller": record.labeller,
                "answers": dict(record.answers),
                "told_by": record.told_by,
                "is_sure": record.shot.is_sure,
                "event": record.shot.event,
                "is_held": record.is_held,
                "created_at": text_from_moment(record.created_at),
                "keys": {
                    modality.value: base64.b64encode(blob_from_vector(key)).decode("ascii")
                    for modality, key in record.shot.keys.items()
                },
            }
            for record in list_shots(database)
        ],
    }
