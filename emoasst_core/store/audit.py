"""The log of what was done with the family's data. A changed, missing or inserted line breaks the chain from there on.

Lines cut off at the end cannot be told from lines never written by the chain alone: whoever wants to be sure keeps the last
hash that `emoasst data check` prints.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emoasst_core.store.columns import Row, moment_from_text, now_text
from emoasst_core.store.database import Database


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that was done; `detail` holds ids and counts only."""

    number: int
    happened_at: datetime
    action: str
    detail: dict[str, Any]
    chain: str


def note(database: Database, action: str, detail: Mapping[str, str | int | float] | None = None) -> None:
    """Add one line; inside `database.writing()` it is saved with the rest of the block or not at all."""
    with database.writing():
        last = next(iter(database.rows("SELECT number, chain FROM audit ORDER BY number DESC LIMIT 1")), None)
        number, before = (last["number"] + 1, last["chain"]) if last else (1, "")
        moment, text = now_text(), json.dumps(dict(detail or {}), sort_keys=True)
        database.execute(
            "INSERT INTO audit (number, happened_at, action, detail, chain) VALUES (?, ?, ?, ?, ?)",
            (number, moment, action, text, _link(before, number, moment, action, text)),
        )


def audit_log(database: Database) -> list[AuditLine]:
    """Everything that was done, oldest first."""
    return [
        AuditLine(row["number"], moment_from_text(row["happened_at"]), row["action"], json.loads(row["detail"]), row["chain"])
        for row in _rows(database)
    ]


def first_broken_line(database: Database) -> int | None:
    """Number of the first line that does not fit to the one before it; None if the chain is whole."""
    before = ""
    for expected, row in enumerate(_rows(database), 1):
        chain = _link(before, expected, row["happened_at"], row["action"], row["detail"])
        if row["number"] != expected or row["chain"] != chain:
            return expected
        before = chain
    return None


def _rows(database: Database) -> list[Row]:
    return database.rows("SELECT * FROM audit ORDER BY number")


def _link(before: str, number: int, moment: str, action: str, detail: str) -> str:
    return hashlib.sha256(json.dumps([before, number, moment, action, detail]).encode("utf-8")).hexdigest()
