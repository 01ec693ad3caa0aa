"""What every transcriber offers, and how the best one installed is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from emoasst_core.datatypes import Transcript, Vector

WEIGHTS_FILE = "model.bin"  # what every CTranslate2 model folder holds
VOCABULARY_FILES = ("vocabulary.json", "vocabulary.txt")


class Transcriber(Protocol):
    """Turns the sound of one utterance into words.

    Attributes:
        name: of the model, shown beside the captions.
        is_basic: True for the small offline fallback, whose captions are labelled as basic.
        reads_windows: True where a little sound takes as long as much (Whisper always reads 30 s), so that reading all that was
            said anew costs no more than reading the latest part.
    """

    name: str
    is_basic: bool
    reads_windows: bool

    def transcribe(self, samples: Vector, start_s: float) -> Transcript:
        """Words with their times.

        Args:
            samples: (n,) float32, mono, 16 kHz; speech only, since silence makes recognisers invent words.
            start_s: session time of the first sample.

        Raises:
            ModelError: the recogniser failed.
        """


def open_transcriber(models_folder: Path | None) -> Transcriber:
    """faster-whisper with the first Whisper model installed, else PocketSphinx.

    Args:
        models_folder: folder of model folders, as `paths.models_folder()`; may be missing.

    Raises:
        ModelError: the model found is damaged, or PocketSphinx is not installed whole.
    """
    for folder in whisper_folders(models_folder):
        from emoasst_core.transcription.whisper_transcriber import WhisperTranscriber

        return WhisperTranscriber(folder)
    from emoasst_core.transcription.basic_transcriber import BasicTranscriber

    return BasicTranscriber()


def whisper_folders(models_folder: Path | None) -> list[Path]:
    """Folders with a CTranslate2 Whisper model, by name."""
    if models_folder is None or not models_folder.is_dir():
        return []
    return sorted(
        folder
        for folder in models_folder.iterdir()
        if (folder / WEIGHTS_FILE).is_file() and any((folder / name).is_file() for name in VOCABULARY_FILES)
    )
