"""Every error the core raises on purpose.

    EmoAsstError
    ├── ConfigError         a setting is out of its bounds or of the wrong type
    ├── MediaError          a recording, camera or microphone cannot be used
    │   └── DeviceError     ... and it is a device, not a file
    ├── ModelError          a model folder is missing, damaged or of the wrong kind
    │   └── DownloadError   ... and it was being fetched
    ├── ManifestError       a data set listing cannot be used as it stands
    ├── CacheError          a shot cannot be added, or belongs to another encoder
    ├── StoreError          the database cannot be opened, read or written
    │   ├── NotEmptyError   ... because a family's data is kept there already, and another's was to be read in
    │   ├── DamagedError    ... because its bytes are not what was written; a backup helps
    │   └── KeyLostError    ... because its key is not here; the recovery phrase brings it back
    ├── GateError           the adult's PIN is wrong, or it is too early for another try
    └── WorkerError         the model process died or does not answer

Messages are shown to people: they say what happened and what to do next.
"""

from __future__ import annotations


class EmoAsstError(Exception):
    """Base of the tree; `next_step` is the sentence shown under the message."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()

    def __reduce__(self) -> tuple[type[EmoAsstError], tuple[str, ...]]:
        """Travel between processes whole."""
        return type(self), (self.message, self.next_step)


class ConfigError(EmoAsstError):
    """A setting is out of its bounds or of the wrong type."""


class MediaError(EmoAsstError):
    """A recording, camera or microphone cannot be used."""


class DeviceError(MediaError):
    """A camera or microphone is missing, busy or not permitted; `reason` is one of these words, or "" where it is not known."""

    def __init__(self, message: str, next_step: str = "", reason: str = "") -> None:
        super().__init__(message, next_step)
        self.reason = reason

    def __reduce__(self) -> tuple[type[EmoAsstError], tuple[str, ...]]:
        """Travel between processes whole."""
        return type(self), (self.message, self.next_step, self.reason)


class ModelError(EmoAsstError):
    """A model folder is missing, damaged or of the wrong kind."""


class DownloadError(ModelError):
    """A model could not be fetched whole."""


class ManifestError(EmoAsstError):
    """A data set listing cannot be used as it stands."""


class CacheError(EmoAsstError):
    """A shot cannot be added, or belongs to another encoder."""


class StoreError(EmoAsstError):
    """The database cannot be opened, read or written."""


class DamagedError(StoreError):
    """What was stored is not what is read: changed, cut off or torn bytes. Nothing has been changed."""


class NotEmptyError(StoreError):
    """A family's data is kept here already, and another one's cannot be put beside it. Nothing has been changed."""


class KeyLostError(StoreError):
    """The key that opens the family's data is not here, or is another one. Nothing has been changed."""


class GateError(EmoAsstError):
    """The adult's PIN is wrong, or it is too early for another try."""


class WorkerError(EmoAsstError):
    """The model process died or does not answer."""
