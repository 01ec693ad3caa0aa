"""Opens a pipeline from names and paths; models are loaded once per process and shared by its sessions."""

from __future__ import annotations

import functools
from dataclasses import asdict, replace
from pathlib import Path

from emoasst_core.classifier.familiarity import Familiarity
from emoasst_core.config import AnalysisOptions, CueOptions
from emoasst_core.datatypes import Shot
from emoasst_core.encoders.folder_pins import require_unchanged
from emoasst_core.errors import ModelError
from emoasst_core.faces.appearance import ENCODER_HASH
from emoasst_core.faces.detector import FaceDetector, open_detector
from emoasst_core.paths import models_folder
from emoasst_core.profile import resolve_profile
from emoasst_core.session.captioner import Captioner
from emoasst_core.session.identities import Identities
from emoasst_core.session.pipeline import Pipeline
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.shots import shots_for
from emoasst_core.systems.opening import open_recogniser
from emoasst_core.systems.recogniser import Recogniser

YUNET_FILE = Path("yunet") / "face_detection_yunet_2023mar.onnx"  # below the models folder, where `models download yunet` puts it


def open_pipeline(profile: str, options: AnalysisOptions, database_path: Path | None, recording: str) -> Pipeline:
    """A fresh pipeline with the family's present shots.

    Args:
        profile: name or folder of the models.
        options: rates, windows and cue rules.
        database_path: where the shots are read from; None or a missing file for no shots.
        recording: name kept with the session.

    Raises:
        ModelError: the profile is missing or damaged, or sets what no model may.
        StoreError: the database cannot be read.
    """
    recogniser = load_recogniser(profile)
    shots = read_shots(database_path, recogniser.encoder_hash)
    recogniser.use_shots(shots, options.memory)
    merged = replace(options, cues=with_model_thresholds(options.cues, recogniser))
    captioner = load_captioner() if options.transcribe else None
    identities = read_identities(database_path)
    detector = find_detector(options)
    return Pipeline(recogniser, merged, detector, captioner, recording, profile, identities, Familiarity(shots))


@functools.lru_cache(maxsize=1)
def load_recogniser(profile: str) -> Recogniser:
    """The models of a profile, of whichever system, loaded at the first call.

    Raises:
        ModelError: the profile is missing or damaged, or its folder is not what it was at its first use.
    """
    require_unchanged(resolve_profile(profile))
    return open_recogniser(profile)


@functools.lru_cache(maxsize=1)
def load_captioner() -> Captioner:
    """The transcription process, started at the first call."""
    return Captioner(models_folder())


def find_detector(options: AnalysisOptions) -> FaceDetector:
    """YuNet where it is installed, else the cascade."""
    return open_detector(options.faces, models_folder() / YUNET_FILE)


def read_shots(database_path: Path | None, encoder_hash: str) -> list[Shot]:
    """The family's shots made by these encoders; none where there is no database yet."""
    if database_path is None or not database_path.exists():
        return []
    with Database(database_path) as database:
        return shots_for(database, encoder_hash)


def read_identities(database_path: Path | None) -> Identities:
    """The people the family has shown to the program; nobody where there is no database yet."""
    if database_path is None or not database_path.exists():
        return Identities()
    with Database(database_path) as database:
        people = People(database)
        return Identities(people.faces(ENCODER_HASH), {person.person_id: person.role for person in people.all()})


def with_model_thresholds(options: CueOptions, recogniser: Recogniser) -> CueOptions:
    """The stricter of the user's and the model's thresholds: a model that needs more certainty gets it.

    Raises:
        ModelError: the profile names something that is no threshold of certainty. Of rates and times, a model has no say.
        ConfigError: a threshold is out of its bounds.
    """
    values = asdict(options)
    for name, threshold in recogniser.config.cues.items():
        if name not in values or not name.endswith(("_prob", "_margin")):
            raise ModelError(
                f"The profile {recogniser.config.name} sets {name!r}, which no model may.", "Import the model again."
            )
        values[name] = max(values[name], threshold)
    return CueOptions(**values)
