from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emoasst_core.errors import ConfigError, ManifestError
from emoasst_core.training.feature_store import Features, FeatureStore, StoreKey
from emoasst_core.training.launch import Launch
from emoasst_core.training.recipes.byte_dropout import ByteDropout, byte_dropout
from emoasst_core.training.recipes.head_data import EpochBatches, HeadData
from emoasst_core.training.recipes.head_options import HeadOptions
from emoasst_core.training.recipes.head_training import embed_rows, score_head, train_head
from emoasst_core.training.recipes.run_folder import build_heads

DIM, AUDIO_DIM, NUM_ROWS = 16, 8, 70
OPTIONS = HeadOptions(num_epochs=3, batch_size=16, num_frames=5, states_per_clip=6, patience=0, seed=4)


def make_store(folder: Path) -> FeatureStore:
    """Rows of unequal length whose frames and sound lean towards their emotion; row 6 was not heard."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((7, DIM))
    with FeatureStore(
        folder, StoreKey("towers", "preparation", "rows"), {"frames": DIM, "audio": AUDIO_DIM, "text": DIM}
    ) as store:
        for row in range(len(store), NUM_ROWS):
            centre = centres[row % 7]
            frames = centre + generator.standard_normal((1 + row % 5, DIM))
            audio = centre[:AUDIO_DIM] + generator.standard_normal((0 if row == 6 else 2 + row % 11, AUDIO_DIM))
            text = centre + 0.3 * generator.standard_normal((5 + 2 * (row % 2), DIM))
            store.append(Features(frames.astype(np.float16), audio.astype(np.float16), text.astype(np.float16)))
    return store


def make_data(store: FeatureStore, part: str, rows: np.ndarray | None = None) -> HeadData:
    text = np.random.default_rng(1).standard_normal((7, DIM)).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    return HeadData(store, part, np.arange(NUM_ROWS) % 7, text, np.arange(NUM_ROWS) if rows is None else rows)


@pytest.mark.parametrize("part", ["frames", "audio"])
def test_an_embedding_does_not_depend_on_what_else_is_in_the_batch(tmp_path, part):
    store = make_store(tmp_path)
    head = build_heads({part: store.widths[part]}, DIM, OPTIONS)[part]
    together, rows = embed_rows(head, make_data(store, part), OPTIONS)
    shuffled, order = embed_rows(head, make_data(store, part, np.random.default_rng(2).permutation(rows)), OPTIONS)
    np.testing.assert_allclose(shuffled, together[np.searchsorted(rows, order)], atol=1e-5)
    for row in rows[:12]:
        alone, _ = embed_rows(head, make_data(store, part, np.array([row])), OPTIONS)
        np.testing.assert_allclose(alone[0], together[np.searchsorted(rows, row)], atol=1e-5)


def test_a_row_that_was_not_heard_is_set_aside_and_not_replaced(tmp_path):
    data = make_data(make_store(tmp_path), "audio")
    assert data.absent.tolist() == [6] and len(data) == NUM_ROWS - 1


def test_thinning_takes_one_state_from_each_even_stretch(tmp_path):
    data = make_data(make_store(tmp_path), "audio")
    long_row = np.array([65])  # 2 + 65 % 11 = 12 states
    for _ in range(5):
        values, mask = data.gather(long_row, 4, torch.Generator())
        states = data.store.read("audio", 65)
        places = [int(np.flatnonzero((states == value).all(1))[0]) for value in values[0]]
        assert [place // 3 for place in places] == [0, 1, 2, 3] and mask.all()


def test_every_emotion_prompt_is_drawn_and_the_utterance_never_is(tmp_path):
    store = make_store(tmp_path)
    data = make_data(store, "frames")
    generator = torch.Generator().manual_seed(0)
    drawn = {data.texts(np.array([1]), "six", generator)[0].tobytes() for _ in range(200)}
    expected = {text.astype(np.float32).tobytes() for text in store.read("text", 1)[1:]}
    assert drawn == expected and len(expected) == 6


@pytest.mark.parametrize("queries", ["class", "utterance"])
def test_what_training_asks_carries_no_label(tmp_path, queries):
    store = make_store(tmp_path)
    data = make_data(store, "frames")
    other = HeadData(store, "frames", (data.all_labels + 1) % 7, data.class_text, data.rows)
    rows = np.arange(10)
    batches = [each.batch(rows, 5, "six", queries, torch.Generator().manual_seed(0)) for each in (data, other)]
    assert torch.equal(batches[0].queries, batches[1].queries)
    assert torch.equal(batches[0].queries, data.batch(rows, 5, "six", queries).queries), "train and use must ask alike"


def test_paper_queries_hold_the_very_text_that_is_to_be_matched(tmp_path):
    data = make_data(make_store(tmp_path), "frames")
    leaky = data.batch(np.arange(10), 5, "six", "paper", torch.Generator().manual_seed(0))
    assert torch.equal(leaky.queries[:, 0], leaky.targets)
    used, said = (data.batch(np.arange(10), 5, "six", queries) for queries in ("paper", "utterance"))
    assert torch.equal(used.queries, said.queries), "in use nobody knows the answer: only what was said can be asked"
    assert not torch.equal(leaky.queries, used.queries)


@pytest.mark.parametrize("part", ["frames", "audio"])
def test_training_stopped_after_an_epoch_goes_on_to_the_same_losses(tmp_path, part):
    store = make_store(tmp_path / "store")
    data = make_data(store, part)

    def losses(checkpoint: Path, num_epochs: int) -> list[float]:
        head = build_heads({part: store.widths[part]}, DIM, OPTIONS)[part]
        return train_head(head, data, data, replace(OPTIONS, num_epochs=num_epochs), checkpoint, Launch())

    whole = losses(tmp_path / "whole.pt", 3)
    losses(tmp_path / "parts.pt", 1)
    assert losses(tmp_path / "parts.pt", 3) == whole


def test_a_head_that_never_saw_an_emotion_named_is_chosen_by_class_means(tmp_path):
    store = make_store(tmp_path)
    train, dev = make_data(store, "frames", np.arange(49)), make_data(store, "frames", np.arange(49, 70))
    options = replace(OPTIONS, prompts="utterance", num_epochs=20)
    head = build_heads({"frames": DIM}, DIM, options)["frames"]
    train_head(head, train, dev, options, None, Launch())
    assert score_head(head, dev, options)["accuracy"] < 0.5, "the class texts here have nothing to do with the clips"
    assert score_head(head, dev, options, train=train)["accuracy"] > 0.7
    assert score_head(head, dev, OPTIONS, train=train) == score_head(head, dev, OPTIONS)


def test_nothing_to_train_on_is_said(tmp_path):
    data = make_data(make_store(tmp_path), "audio")
    empty = make_data(data.store, "audio", np.array([6]))
    with pytest.raises(ManifestError, match="Too few rows"):
        train_head(build_heads({"audio": AUDIO_DIM}, DIM, OPTIONS)["audio"], empty, data, OPTIONS, None, Launch())
    with pytest.raises(ConfigError, match="at least two"):
        HeadOptions(batch_size=1)


def test_byte_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    layer = ByteDropout(0.1).train()
    values = layer(torch.ones(1_000_003))
    assert float((values == 0).float().mean()) == pytest.approx(0.1, abs=0.003)
    assert float(values.mean()) == pytest.approx(1.0, abs=0.003)
    assert torch.equal(layer.eval()(torch.ones(5)), torch.ones(5))


def test_the_dropout_of_torch_is_back_after_training():
    network = torch.nn.TransformerEncoderLayer(8, 2, 16)
    names = set(network.state_dict())
    with byte_dropout(network):
        assert any(isinstance(module, ByteDropout) for module in network.modules())
        assert set(network.state_dict()) == names
    assert not any(isinstance(module, ByteDropout) for module in network.modules())


def test_shares_of_a_batch_are_equal_and_disjoint():
    rows = np.arange(11)
    parts = [Launch(rank, 3).share(rows) for rank in range(3)]
    assert [len(part) for part in parts] == [3, 3, 3] and len(set(np.concatenate(parts))) == 9


def test_a_last_batch_of_one_clip_is_not_trained_on(tmp_path):
    data = make_data(make_store(tmp_path), "frames", np.arange(33))
    batches = EpochBatches(data, 16, 5, "six", "class", torch.Generator(), Launch())
    assert [len(rows) for rows in batches.batches] == [16, 16]


@pytest.mark.skipif(not torch.distributed.is_available() or os.name == "nt", reason="needs torch's gloo processes")
@pytest.mark.parametrize("part", ["frames", "audio"])
def test_two_processes_train_to_the_losses_of_one(tmp_path, part):
    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    alone = [sys.executable, "-m"]
    results = []
    for start, name in ((alone, "one"), (program, "two")):
        out = tmp_path / f"{name}.txt"
        command = [*start, "tests.core.training.shared_training", str(tmp_path / name), part, str(out)]
        subprocess.run(command, check=True, timeout=150, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True)
        results.append([float(line) for line in out.read_text().split()])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4)
