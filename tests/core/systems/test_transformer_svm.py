"""Fine-tuned transformers with support vectors: machines kept without pickles, fusions by hand, sessions left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.errors import ConfigError, ModelError
from emoasst_core.systems.system_recogniser import unit
from emoasst_core.systems.text_states import TOKENIZER_FILE, train_tokenizer
from emoasst_core.systems.transformer_svm.classifiers import CLASSIFIERS, fit_classifier, fit_svm
from emoasst_core.systems.transformer_svm.encoders import FineTuned, SpeechEncoder, TextEncoder, VideoEncoder
from emoasst_core.systems.transformer_svm.fusion import fuse, softmax
from emoasst_core.systems.transformer_svm.recogniser import split_answer
from emoasst_core.systems.transformer_svm.stored_svm import StoredSvm
from emoasst_core.training.systems.fine_tuning import AST, ModalityData, Recipe, answer, fine_tune, fold_answers, recipes_of
from emoasst_core.training.systems.leave_session_out import Protocol, leave_session_out, table_lines

TINY: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
WAVE = TINY | {
    "conv_dim": [8] * 7,
    "num_feat_extract_layers": 7,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}


def toy(num_rows: int, classes: Sequence[int], seed: int, spread: float = 0.4) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = np.array(classes)[rng.integers(0, len(classes), num_rows)]
    centres = 2 * np.random.default_rng(99).normal(size=(7, 5))
    return centres[labels] + spread * rng.normal(size=(num_rows, 5)), labels


def test_at_full_size_each_transformer_is_trained_as_printed() -> None:
    printed = {"words": (2e-5, 32, 20, 0.01), "voice": (3e-5, 8, 15, 0.01), "face": (5e-5, 8, 10, 0.01)}
    recipes = {kind: recipes_of("full", kind) for kind in ("wav2vec2", "hubert", AST)}
    for kind, one in recipes.items():
        found = {name: (r.learning_rate, r.batch_size, r.num_epochs, r.weight_decay) for name, r in one.items()}
        assert found == (printed | {"voice": (3e-5, 8, 30, 0.01)} if kind == AST else printed)
    assert {r.num_epochs for r in recipes_of("full", AST, num_epochs=2).values()} == {2}


@pytest.mark.parametrize("classes", [range(7), (0, 2, 5)], ids=["seven", "three"])
def test_a_stored_machine_answers_as_scikit_learn_does(classes: Sequence[int]) -> None:
    features, labels = toy(150, classes, 0, spread=2.5)
    fitted = fit_svm(features, labels, [str(row % 6) for row in range(150)])
    stored = StoredSvm.of(fitted)
    other = StoredSvm(**stored.settings)
    other.load_state_dict(stored.state_dict())
    new, _ = toy(60, classes, 1, spread=2.5)
    scores = other(torch.from_numpy(new)).numpy()
    assert scores[:, list(classes)] == pytest.approx(fitted.decision_function(new), abs=1e-6)
    assert (scores.argmax(1) == fitted.predict(new)).mean() > 0.95  # where votes are even, predict takes the first class


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_each_classifier_learns_a_separable_toy_with_classes_missing(kind: str) -> None:
    if kind == "xgboost":
        pytest.importorskip("xgboost", reason="the boosted trees are an optional extra")
    features, labels = toy(200, (0, 3, 6), 0)
    model = fit_classifier(kind, features, labels, [str(row % 5) for row in range(200)], size="small")
    new, truth = toy(100, (0, 3, 6), 1)
    assert (np.asarray(model.predict(new)) == truth).mean() > 0.95


def test_an_unknown_classifier_is_refused() -> None:
    with pytest.raises(ConfigError, match="svm, xgboost, network"):
        fit_classifier("oracle", np.zeros((2, 2)), np.zeros(2, np.int64), ["a", "b"])


def test_fusions_are_what_they_are_by_hand() -> None:
    first, second = np.array([[1.0, 2.0]]), np.array([[3.0, -4.0]])
    logits = [np.log(np.array([[0.8, 0.2]])), np.log(np.array([[0.5, 0.5]]))]
    assert fuse([first, second], logits, "early", "sum").tolist() == [[4.0, -2.0]]
    assert fuse([first, second], logits, "early", "product").tolist() == [[3.0, -8.0]]
    assert fuse([first, second], logits, "early", "concatenation").tolist() == [[1.0, 2.0, 3.0, -4.0]]
    assert fuse([first, second], logits, "late", "sum") == pytest.approx(np.array([[1.3, 0.7]]))
    assert fuse([first, second], logits, "late", "product") == pytest.approx(np.array([[0.4, 0.1]]))
    assert softmax(logits[0]) == pytest.approx(np.array([[0.8, 0.2]]))


def test_sums_need_features_of_one_width() -> None:
    with pytest.raises(ConfigError, match="one width"):
        fuse([np.zeros((1, 2)), np.zeros((1, 3))], [], "early", "sum")
    with pytest.raises(ConfigError, match="Unknown fusion"):
        fuse([], [], "middle", "sum")


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert"])
def test_speech_features_do_not_depend_on_other_clips(kind: str) -> None:
    torch.manual_seed(0)
    encoder = SpeechEncoder({"kind": kind, "config": WAVE}).eval()
    clips = [
        encoder.prepare(np.random.default_rng(seed).normal(0, 0.1, 3000 + 500 * seed).astype(np.float32)) for seed in range(2)
    ]
    together = encoder.features(clips)
    torch.testing.assert_close(together[0], encoder.features(clips[:1])[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together.var(1, correction=0), torch.ones(2), atol=1e-2, rtol=0)


def test_ast_and_videomae_take_sound_pictures_and_films() -> None:
    torch.manual_seed(0)
    speech = SpeechEncoder(
        {"kind": "audio-spectrogram-transformer", "config": TINY | {"max_length": 64, "num_mel_bins": 32}}
    ).eval()
    sound = speech.prepare(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32))
    assert sound.shape == (64, 32)
    assert speech([sound, sound]).shape == (2, 7)
    video = VideoEncoder({"config": TINY | {"image_size": 32, "num_frames": 4}}).eval()
    films = [torch.randn(4, 3, 32, 32), torch.randn(4, 3, 32, 32)]
    assert video.frame_shape == (3, 32, 32)
    assert not torch.allclose(video(films)[0], video(films)[1])


def test_an_unknown_speech_model_is_refused() -> None:
    with pytest.raises(ModelError, match="Known: wav2vec2"):
        SpeechEncoder({"kind": "whisper", "config": {}})


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_fine_tuning_a_text_model_finds_the_planted_word(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    filler = ["the", "door", "is", "there", "and", "so", "we", "go"]
    labels = rng.integers(0, 2, 160)
    texts = [" ".join([*rng.choice(filler, 4), ("splendid", "dreadful")[label], *rng.choice(filler, 2)]) for label in labels]
    train_tokenizer(texts, tmp_path / TOKENIZER_FILE, 200)
    sizes: dict[str, Any] = {"vocab_size": 200, "max_position_embeddings": 40}
    config = {"dim": 16, "hidden_dim": 32, "n_layers": 1, "n_heads": 2, **sizes} if kind == "distilbert" else TINY | sizes
    torch.manual_seed(0)
    data = ModalityData(texts, labels.astype(np.int64))
    encoder = TextEncoder({"kind": kind, "config": config | ({"pad_token_id": 0} if kind == "roberta" else {})}, tmp_path)
    fitted = fine_tune(encoder, data, np.arange(120), np.arange(120, 160), Recipe(5e-3, 16, 12), seed=0)
    assert (answer(fitted, data, np.arange(120, 160))[1].argmax(1) == labels[120:]).mean() > 0.9


def test_features_and_logits_come_back_from_a_unit_vector() -> None:
    features = torch.nn.functional.layer_norm(torch.randn(3, 16), (16,))
    logits = torch.randn(3, 7)
    packed = np.stack([unit(row) for row in torch.cat([features, logits], 1).numpy()])
    found, scores = split_answer(packed)
    assert found == pytest.approx(features.numpy(), abs=1e-3)
    assert scores == pytest.approx(logits.numpy(), abs=1e-3)


class Vectors(FineTuned):
    """Small enough to fine-tune in a blink; remembers what it was fitted on."""

    def __init__(self) -> None:
        super().__init__(8, dropout=0.0)
        self.layer = nn.Linear(6, 8)
        self.seen: set[int] = set()

    def pooled(self, inputs: Sequence[Tensor]) -> Tensor:
        if self.training:
            self.seen |= {int(row[5]) for row in inputs}
        return self.layer(torch.stack([torch.cat([row[:5], torch.zeros(1)]) for row in inputs]))


def vectors(num_rows: int) -> ModalityData:
    features, labels = toy(num_rows, range(7), 0, spread=1.0)
    rows = [torch.cat([torch.from_numpy(row).float(), torch.tensor([float(number)])]) for number, row in enumerate(features)]
    return ModalityData(rows, labels)


def test_out_of_fold_features_come_from_encoders_that_never_saw_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    from emoasst_core.training.systems import fine_tuning

    data, sessions = vectors(100), [f"session {1 + row // 20}" for row in range(100)]
    looked: list[tuple[set[int], set[int]]] = []
    original = fine_tuning.answer

    def watched(encoder: Any, given: ModalityData, rows: NDArray[np.int64]) -> Any:
        looked.append((set(encoder.seen), set(rows.tolist())))
        return original(encoder, given, rows)

    train, valid, test = np.arange(60), np.arange(60, 80), np.arange(80, 100)
    torch.manual_seed(0)
    encoder = Vectors()
    fitted = fine_tuning.fine_tune(encoder, data, train, valid, Recipe(1e-2, 16, 2), 0)
    assert isinstance(fitted, Vectors) and fitted.seen <= set(range(60))
    monkeypatch.setattr(fine_tuning, "answer", watched)
    read, tested = fold_answers(encoder, data, train, valid, test, sessions, Recipe(1e-2, 16, 2), 0, True)
    assert read[0].shape == (60, 8) and tested[1].shape == (20, 7)
    assert all(not seen & rows for seen, rows in looked)
    assert {frozenset(rows) for _, rows in looked if len(rows) == 20} >= {
        frozenset(range(start, start + 20)) for start in (0, 20, 40, 80)
    }


def test_the_whole_table_is_filled_and_the_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("xgboost", reason="the boosted trees are an optional extra")
    data = vectors(105)
    torch.manual_seed(0)
    sessions = [f"session {1 + row % 3}" for row in range(105)]
    protocol = Protocol(
        {"face": Vectors(), "voice": Vectors()}, {"face": data, "voice": data}, data.labels, sessions,
        [f"{session} {row % 2}" for row, session in enumerate(sessions)], dict.fromkeys(("face", "voice"), Recipe(1e-2, 16, 3)),
        "small", 0, out_of_fold=False,
    )  # fmt: skip
    result = leave_session_out(protocol, tmp_path)
    assert set(result["table"]) == {
        f"{stage}, {way}" for stage in ("early", "late") for way in ("sum", "product", "concatenation")
    }
    for row in result["table"].values():
        assert set(row) == {*CLASSIFIERS, "mean"}
        assert row["mean"]["accuracy"] == pytest.approx(np.mean([row[kind]["accuracy"] for kind in CLASSIFIERS]))
    assert result["table"]["early, concatenation"]["svm"]["accuracy"] > 0.5  # chance is 0.14
    assert json.loads((tmp_path / "leave_session_out.json").read_text())["num_sessions"] == 3
    for name in ("leave_session_out_confusion.png", "features.png"):
        assert (tmp_path / name).stat().st_size > 5000
    assert len(table_lines(result)) == 8
