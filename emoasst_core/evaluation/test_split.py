"""A test split that can be looked at once per run: whoever looks twice is choosing on it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emoasst_core.errors import ManifestError

LEDGER: Final = "test_ledger.jsonl"


@dataclass(frozen=True, slots=True)
class TestSplit:
    """The test rows of one run.

    Attributes:
        folder: of the run; the ledger lies in it.
        run_id: of the run.
        manifest_hash: of the data.
    """

    __test__ = False  # the name is the field's own; pytest must not collect it

    folder: Path
    run_id: str
    manifest_hash: str

    def score_once(self, what: str) -> None:
        """Write down that the test labels are about to be compared with this run's predictions.

        Args:
            what: protocol and modalities, "cache/face".

        Raises:
            ManifestError: that was done before; says when and where the figures are.
        """
        for entry in self.entries():
            if all(entry.get(key) == value for key, value in self._entry(what).items()):
                raise ManifestError(
                    f"The test split was already scored for run {self.run_id} ({what}) on {entry['at']}.",
                    "Its figures are in the run card. Choose on dev; a new run id comes with a new training.",
                )
        with (self.folder / LEDGER).open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(self._entry(what) | {"at": time.strftime("%Y-%m-%d %H:%M:%S")}) + "\n")
            handle.flush()
            os.fsync(handle.fileno())

    def entries(self) -> list[dict[str, Any]]:
        """What was scored so far, oldest first."""
        path = self.folder / LEDGER
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]

    def _entry(self, what: str) -> dict[str, str]:
        return {"run_id": self.run_id, "manifest": self.manifest_hash, "what": what}
