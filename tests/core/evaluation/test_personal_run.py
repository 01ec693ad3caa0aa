"""Measuring personal memory: draws that any family might give, the same figures again, and a card that tells how."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.classifier.memory_constants import MemoryConstants, ModalityConstants
from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ConfigError, ManifestError
from emoasst_core.evaluation.answer_draws import draw_answers, is_possible
from emoasst_core.evaluation.personal_curves import personal_curves
from emoasst_core.evaluation.personal_methods import Setting, run_draw
from emoasst_core.evaluation.personal_run import run_personal, split_people
from emoasst_core.evaluation.speaker_set import read_speaker_set
from emoasst_core.profile import ProfileConfig
from tests.core.classifier.remembered_people import CLASSES, SCALE, clips, person_offset

VOICE = Modality.VOICE
CONSTANTS = MemoryConstants({VOICE: ModalityConstants(style_variance=0.2, alpha=3.0)})
LABELS = np.repeat(np.arange(NUM_EMOTIONS), 10)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people with an offset of their own, and ten of the training side without much of one."""
    path, rng = tmp_path_factory.mktemp("speakers") / "six.npz", np.random.default_rng(0)
    people = [clips(LABELS, person_offset(rng, 1.1), rng) for _ in range(6)]
    known = [clips(LABELS, person_offset(rng, 0.3), rng) for _ in range(10)]
    np.savez(
        path, embeddings=np.concatenate(people), labels=np.tile(LABELS, 6), speakers=np.repeat(list("abcdef"), len(LABELS)),
        text_weights=CLASSES, scale=SCALE, train_embeddings=np.concatenate(known), train_labels=np.tile(LABELS, 10),
    )  # fmt: skip
    return path


def profile() -> ProfileConfig:
    memory = {"mode": "personal", "constants": CONSTANTS.as_dict()}
    return ProfileConfig(
        "small", "1", "", "", "", "", "", {}, None, 1, 4.0, 3, {}, {"voice": 8.0}, 24.0, {"voice": 1.0}, memory=memory
    )


def test_natural_answers_are_unbalanced_and_one_in_ten_is_wrong() -> None:
    labels, wrong, neutral, total = np.repeat(np.arange(NUM_EMOTIONS), 400), 0, 0, 0
    for seed in range(20):
        draw = draw_answers(labels, 16, "natural", np.random.default_rng(seed))
        wrong += int((draw.given != labels[draw.rows]).sum())
        neutral += int((labels[draw.rows] == 0).sum())
        total += len(draw.rows)
    assert total == 20 * 16 * NUM_EMOTIONS
    assert wrong / total == pytest.approx(0.1, abs=0.02)
    assert neutral / total == pytest.approx(0.472, abs=0.04)


@pytest.mark.parametrize("scenario", ["natural", "balanced", "neutral"])
def test_no_answered_clip_is_scored_and_half_of_each_emotion_is_left(scenario: str) -> None:
    draw = draw_answers(LABELS, 5, scenario, np.random.default_rng(1))  # type: ignore[arg-type]
    assert not set(draw.rows) & set(draw.rest)
    assert len(draw.rows) + len(draw.rest) == len(LABELS)
    assert np.bincount(LABELS[draw.rest], minlength=NUM_EMOTIONS).min() >= 5
    if scenario == "neutral":
        assert set(draw.given) == {0}
    if scenario == "balanced":
        assert np.array_equal(np.bincount(draw.given, minlength=NUM_EMOTIONS), np.full(NUM_EMOTIONS, 5))


def test_a_person_takes_part_only_with_clips_enough() -> None:
    assert is_possible(LABELS, 5, "balanced")
    assert not is_possible(LABELS, 6, "balanced")


def test_many_queries_at_once_read_as_one_by_one(file: Path) -> None:
    people, setting = read_speaker_set(file), Setting(CONSTANTS)
    vectors, labels = people.of("a")
    memory = setting.memory(people, vectors[::3], labels[::3])
    model = setting.read(people.head.logits(vectors))
    together = memory.probs_of({VOICE: vectors}, {VOICE: 1.0}, model)
    alone = [memory.probs_of({VOICE: vectors[i : i + 1]}, {VOICE: 1.0}, model[i : i + 1])[0] for i in range(len(vectors))]
    assert np.abs(together - np.array(alone)).max() <= 1e-6


def test_personal_memory_helps_people_who_differ_from_the_source_and_neutral_answers_do_no_harm(file: Path) -> None:
    curves = personal_curves([read_speaker_set(file)], Setting(CONSTANTS), (1, 4), 3, ("zero-shot", "personal"))
    gains = {count: curves["balanced"][count]["methods"]["personal"]["uar_gain"] for count in ("1", "4")}
    assert gains["4"] > max(0.02, gains["1"])
    assert curves["neutral"]["4"]["methods"]["personal"]["uar_gain"] > -0.01
    assert curves["balanced"]["4"]["methods"]["zero-shot"]["uar_gain"] == 0


def test_every_method_answers_every_clip(file: Path) -> None:
    people = read_speaker_set(file)
    vectors, labels = people.of("b")
    draw = draw_answers(labels, 2, "natural", np.random.default_rng(0))
    outcome = run_draw(people, vectors, draw, Setting(CONSTANTS))
    assert len(outcome.predictions) == 5
    assert all(predicted.shape == draw.rest.shape for predicted in outcome.predictions.values())


def test_the_run_card_tells_the_command_and_comes_out_the_same_again(file: Path, tmp_path: Path) -> None:
    cards = [run_personal([file], tmp_path / name / "run", profile(), VOICE, (1,), 2) for name in ("first", "second")]
    assert cards[0] == cards[1] == json.loads((tmp_path / "first" / "run" / "run_card.json").read_text())
    assert cards[0]["command"].startswith("emoasst eval --personal six.npz --modality voice --shots 1 --seeds 2")
    assert "## six, natural answers" in (tmp_path / "first" / "run" / "personal_curves.md").read_text()


def test_the_people_of_the_calibration_are_not_scored(file: Path) -> None:
    calibrated, scored = split_people(read_speaker_set(file))
    assert calibrated is not None
    assert not set(calibrated.people()) & set(scored.people())


def test_files_and_profiles_that_cannot_be_used_are_refused_in_words(tmp_path: Path, file: Path) -> None:
    np.savez(tmp_path / "bad.npz", embeddings=np.ones((2, 3)))
    with pytest.raises(ManifestError, match="no set of embedded speakers"):
        read_speaker_set(tmp_path / "bad.npz")
    with pytest.raises(ConfigError, match="has no personal memory of the face"):
        run_personal([file], tmp_path / "run", profile(), Modality.FACE)
