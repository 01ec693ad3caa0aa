"""Model profiles: damaged ones are refused in words, and the encoder hash follows what embeddings depend on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import Modality, Shot, Utterance
from emoasst_core.errors import CacheError, ConfigError, ModelError
from emoasst_core.paths import assets_folder, models_folder
from emoasst_core.profile import PROFILE_FILE, encoder_hash, list_profiles, read_profile, resolve_profile
from emoasst_core.session.pipeline_factory import load_recogniser

STARTER = assets_folder() / "models" / "starter"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STARTER, tmp_path / "copy"))


def change(folder: Path, **fields: object) -> None:
    path = folder / PROFILE_FILE
    values = {**json.loads(path.read_text("utf-8")), **fields}
    path.write_text(json.dumps({name: value for name, value in values.items() if value is not None}), "utf-8")


def test_the_bundled_profile_is_found_by_name_and_by_folder():
    assert "starter" in list_profiles()
    assert resolve_profile("starter") == STARTER
    assert resolve_profile(STARTER) == STARTER


def test_an_installed_profile_comes_before_the_bundled_one():
    shutil.copytree(STARTER, models_folder() / "starter")
    assert resolve_profile("starter") == models_folder() / "starter"


def test_the_bundle_fits_in_thirty_megabytes():
    assert sum(path.stat().st_size for path in STARTER.rglob("*") if path.is_file()) <= 30_000_000


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"format": 99}, "format"), ({"heads": None}, "heads"), ({"alphas": {"smell": 1.0}}, "smell")],
)
def test_a_damaged_profile_is_refused_in_words(copy: Path, fields: dict[str, object], message: str):
    change(copy, **fields)
    with pytest.raises(ModelError, match=message):
        read_profile(copy)


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ConfigError, match="starter"):
        resolve_profile("nobody")


def test_a_folder_that_is_no_profile_is_said_to_be_none(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"it holds no profile\.json\. A run that learned from faces"):
        resolve_profile(tmp_path)


def test_the_encoder_hash_follows_weights_and_sizes_but_not_thresholds(copy: Path):
    before = encoder_hash(copy, read_profile(copy))
    assert before == encoder_hash(STARTER, read_profile(STARTER))
    change(copy, cues={"clear_prob": 0.99}, beta=1.0, summary="other words")
    assert encoder_hash(copy, read_profile(copy)) == before
    weights = copy / "heads.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    assert encoder_hash(copy, read_profile(copy)) != before


def test_shots_of_another_encoder_are_refused():
    recogniser = load_recogniser("starter")
    key = np.zeros(recogniser.vision.embed_dim, np.float32)
    key[0] = 1
    shot = Shot(np.eye(7, dtype=np.float32)[1], {Modality.FACE: key}, "another encoder", shot_id=1)
    with pytest.raises(CacheError):
        recogniser.use_shots([shot])


def test_predictions_do_not_depend_on_how_many_crops_are_embedded_together():
    recogniser = load_recogniser("starter")
    crops = [np.random.default_rng(seed).integers(0, 255, (80, 80, 3)).astype(np.uint8) for seed in range(5)]
    together = recogniser.embed_crops(crops)
    alone = np.concatenate([recogniser.embed_crops([crop]) for crop in crops])
    assert np.allclose(together, alone, atol=1e-5)


def test_short_fillers_say_nothing_and_longer_words_do():
    recogniser = load_recogniser("starter")
    assert recogniser.embed_words("Oh well.") is None
    words = recogniser.embed_words("I am so happy to see you again")
    assert words is not None
    assert np.linalg.norm(words) == pytest.approx(1, abs=1e-4)
    assert recogniser.classify({Modality.WORDS: words}).sum() == pytest.approx(1, abs=1e-4)


def test_silence_around_a_voice_does_not_change_how_it_is_read():
    recogniser = load_recogniser("starter")
    rng = np.random.default_rng(0)
    voice = (rng.normal(size=24_000) * 0.2 * np.hanning(24_000)).astype(np.float32)
    padded = np.concatenate([np.zeros(16_000, np.float32), voice, np.zeros(16_000, np.float32)])
    bare, cut_wide = (
        recogniser.embed_voice(np.r_[np.zeros(1600, np.float32), voice, np.zeros(1600, np.float32)]),
        recogniser.embed_voice(padded),
    )
    assert bare is not None
    assert cut_wide is not None
    assert float(bare @ cut_wide) > 0.999
    assert recogniser.embed_voice(np.zeros(1600, np.float32)) is None


def test_a_prediction_is_the_classified_encoding_and_nothing_gives_none():
    recogniser = load_recogniser("starter")
    recogniser.use_shots([])
    frames = np.random.default_rng(0).normal(size=(24, recogniser.vision.embed_dim)).astype(np.float32)
    utterance = Utterance(1, 0.0, 2.0, True, "person 1", frames, text="I am so happy to see you again")
    prediction = recogniser.predict(utterance)
    assert prediction is not None
    assert np.allclose(prediction.probs, recogniser.classify(recogniser.encode(utterance)))
    assert set(recogniser.encode(utterance)) == {Modality.FACE, Modality.WORDS}
    assert recogniser.predict(Utterance(2, 2.0, 3.0, False)) is None
