"""What opening a database would meet, for tests that kill and damage."""

from pathlib import Path

from emoasst_core.errors import DamagedError, KeyLostError, StoreError
from emoasst_core.store.database import Database


def database_state(path: Path) -> str:
    """What opening it would meet: "missing", "whole", "damaged", "wrong_key", or "unusable" for anything else."""
    if not path.exists():
        return "missing"
    try:
        with Database(path, create=False) as database:
            return "damaged" if database.faults() else "whole"
    except DamagedError:
        return "damaged"
    except KeyLostError:
        return "wrong_key"
    except StoreError:
        return "unusable"
