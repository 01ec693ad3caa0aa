"""One contract for all five systems: unit embeddings of fixed length, any subset, corrections, live and recorded sessions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.cli import main
from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock, Modality, Shot, Source, Utterance
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import CacheError, ModelError
from emoasst_core.paths import demo_recording
from emoasst_core.session.events import Predicted
from emoasst_core.session.pipeline_factory import load_recogniser, open_pipeline
from emoasst_core.systems.opening import hash_of_profile, open_recogniser
from emoasst_core.systems.profile import WEIGHT_FILE
from emoasst_core.systems.recogniser import Recogniser
from tests.core.systems.random_profiles import SYSTEMS, write_random_profile

RNG = np.random.default_rng(0)
FACES = [RNG.integers(0, 255, (60 + 5 * number, 60 + 5 * number, 3)).astype(np.uint8) for number in range(6)]
SOUND = RNG.normal(0, 0.1, 40_000).astype(np.float32)
TEXT = "I did not expect you today at all"


@pytest.fixture(scope="module", params=("starter", *SYSTEMS))
def recogniser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    if request.param == "starter":
        return open_recogniser("starter")
    return open_recogniser(write_random_profile(request.param, tmp_path_factory.mktemp("profiles") / request.param))


@pytest.fixture(autouse=True)
def without_shots(request: pytest.FixtureRequest) -> None:
    if "recogniser" in request.fixturenames:
        request.getfixturevalue("recogniser").use_shots([])


def utterance(recogniser: Recogniser, num_frames: int = 6) -> Utterance:
    return Utterance(1, 0.0, 2.5, True, "person 1", recogniser.embed_crops(FACES[:num_frames]), SOUND, TEXT)


def test_embeddings_are_unit_vectors_of_one_length(recogniser: Recogniser) -> None:
    first, second = recogniser.encode(utterance(recogniser)), recogniser.encode(utterance(recogniser, 2))
    assert set(first) == set(Modality)
    for modality, vector in first.items():
        assert vector.dtype == np.float32 and vector.ndim == 1
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-3)
        assert second[modality].shape == vector.shape
    longer = recogniser.embed_voice(np.tile(SOUND, 3))
    assert longer is not None and longer.shape == first[Modality.VOICE].shape


def test_every_subset_gives_probabilities_and_the_same_ones_twice(recogniser: Recogniser) -> None:
    embeddings = recogniser.encode(utterance(recogniser))
    for chosen in ({Modality.FACE}, {Modality.VOICE}, {Modality.WORDS}, {Modality.FACE, Modality.VOICE}, set(Modality)):
        part = {modality: vector for modality, vector in embeddings.items() if modality in chosen}
        probs = recogniser.classify(part)
        assert probs.shape == (NUM_EMOTIONS,) and probs.min() >= 0
        assert float(probs.sum()) == pytest.approx(1.0, abs=1e-5)
        assert np.array_equal(probs, recogniser.classify(part))


def test_absent_is_absent_and_nothing_at_all_is_no_answer(recogniser: Recogniser) -> None:
    assert recogniser.embed_voice(SOUND[:1000]) is None
    assert recogniser.embed_words("") is None
    assert recogniser.predict(Utterance(1, 0.0, 1.0, False)) is None
    alone = recogniser.predict(Utterance(1, 0.0, 1.0, True, "", None, SOUND))
    assert alone is not None and alone.source is Source.VOICE
    with pytest.raises(ModelError):
        recogniser.classify({})


def test_no_faces_give_no_rows(recogniser: Recogniser) -> None:
    assert len(recogniser.embed_crops([])) == 0


def test_a_correction_moves_the_answer_to_its_own_clip_and_can_be_taken_back(recogniser: Recogniser) -> None:
    embeddings = recogniser.encode(utterance(recogniser))
    seen = {modality: embeddings[modality] for modality in (Modality.FACE, Modality.VOICE)}
    before = recogniser.classify(seen)
    label = np.zeros(NUM_EMOTIONS, np.float32)
    label[4] = 1.0
    recogniser.use_shots([Shot(label, seen, recogniser.encoder_hash, "", 1)])
    assert recogniser.classify(seen)[4] > before[4]
    recogniser.use_shots([])
    assert np.array_equal(recogniser.classify(seen), before)
    with pytest.raises(CacheError):
        recogniser.use_shots([Shot(label, seen, "another", "", 1)])


def test_its_size_is_known(recogniser: Recogniser) -> None:
    assert recogniser.num_parameters > 1000
    assert recogniser.config.num_frames >= 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_any_system_reads_a_session_as_it_runs(tmp_path: Path, system: str) -> None:
    folder = write_random_profile(system, tmp_path / system)
    load_recogniser.cache_clear()
    pipeline = open_pipeline(str(folder), AnalysisOptions(transcribe=False), None, "demo")
    events = []
    for item in MediaFile(demo_recording(), 8.0):
        if (item.start_s if isinstance(item, AudioBlock) else item.time_s) > 4.0:
            break
        events += pipeline.feed(item)
    events += pipeline.finish()
    record = pipeline.record()
    sources = {event.prediction.source for event in events if isinstance(event, Predicted)}
    assert Source.FACE in sources
    assert record.utterances and record.encoder_hash == pipeline.recogniser.encoder_hash
    assert any(row.embeddings and sum(row.probs.values()) == pytest.approx(1.0, abs=1e-3) for row in record.utterances)


def test_a_recording_is_analysed_by_the_system_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.media import talking_ramp

    folder = write_random_profile("sem-mbt", tmp_path / "mine")
    clip = talking_ramp(tmp_path / "clip.mp4")
    options = ["--system", "sem-mbt", "--profile", str(folder), "--no-words", "--out", str(tmp_path / "out")]
    assert main(["analyze", str(clip), *options]) == 0
    assert (tmp_path / "out" / "timeline.json").exists()
    assert main(["analyze", str(clip), "--system", "mer-clip", "--profile", str(folder)]) == 2
    assert "of sem-mbt, not of mer-clip" in capsys.readouterr().err


def test_weights_of_other_sizes_are_refused_with_a_next_step(tmp_path: Path) -> None:
    one, other = (write_random_profile(system, tmp_path / system) for system in ("mer-clip", "sem-mbt"))
    (one / WEIGHT_FILE).write_bytes((other / WEIGHT_FILE).read_bytes())
    with pytest.raises(ModelError, match="Train the system again"):
        open_recogniser(one)
    (one / WEIGHT_FILE).write_bytes(b"no weights")
    with pytest.raises(ModelError, match="safetensors"):
        open_recogniser(one)


def test_other_weights_have_another_hash(tmp_path: Path) -> None:
    folder = write_random_profile("emovclip", tmp_path / "first")
    before = open_recogniser(folder).encoder_hash
    assert hash_of_profile(folder) == before
    weights = bytearray((folder / WEIGHT_FILE).read_bytes())
    weights[-1] ^= 1
    (folder / WEIGHT_FILE).write_bytes(bytes(weights))
    assert open_recogniser(folder).encoder_hash != before
