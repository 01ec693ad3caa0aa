"""Changed copies of the training voices, and towers that leave people out, on a made-up collection of small size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emoasst_core.encoders.functionals import functionals
from emoasst_core.evaluation.speaker_set import read_speaker_set
from emoasst_core.training.starter import voice_description, voice_tower, voice_views
from emoasst_core.training.starter.voice_augmentation import change_pace, change_response, hide_stretches
from emoasst_core.training.starter.voice_data import VoiceSet
from emoasst_core.training.starter.voice_folds import leave_out
from emoasst_core.training.starter.voice_views import (
    NUM_COPIES,
    NUM_COPIES_OF_BURSTS,
    NUM_FOLDS,
    VoiceViews,
    copies_described,
    load_views,
    speaker_folds,
)

CORPORA = ("ravdess", "emodb", "nemo", "emogator")


def made_up_voices() -> VoiceSet:
    """Ten clips each of eight speakers of every corpus: a higher pitch for every emotion."""
    rng = np.random.default_rng(0)
    clips, labels, speakers, corpora = [], [], [], []
    for corpus in CORPORA:
        for person in range(4):
            for number in range(7):
                time_s = np.arange(4800) / 16_000
                pitch_hz = 100 + 40 * number + 5 * person
                sound = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 6)) + rng.normal(size=4800) * 0.05
                clips.append((4000 * sound).astype(np.int16))
                labels.append(number)
                speakers.append(f"{corpus}_{person}")
                corpora.append(corpus)
    return VoiceSet(tuple(clips), np.array(labels, np.int64), tuple(speakers), tuple(corpora))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> VoiceSet:
    """Short clips, so that a tower trains in seconds."""
    monkeypatch.setattr(voice_views, "CLIP_SAMPLES", 6400)
    monkeypatch.setattr(voice_views, "NUM_FRAMES", 41)
    monkeypatch.setattr(voice_views, "NUM_PITCH_FRAMES", 21)
    monkeypatch.setattr(voice_tower, "BATCH_SIZE", 16)
    monkeypatch.setattr(voice_description, "BATCH_SIZE", 32)
    monkeypatch.setattr(voice_description.fit_description, "__defaults__", (60,))
    return made_up_voices()


def test_speakers_stay_whole_and_are_spread_over_the_folds() -> None:
    voices = made_up_voices()
    folds = speaker_folds(voices)
    assert all(len(set(folds[np.array(voices.speakers) == name])) == 1 for name in set(voices.speakers))
    assert np.bincount(folds).tolist() == [len(voices) // NUM_FOLDS] * NUM_FOLDS


def test_copies_are_drawn_once_differ_and_are_fewer_for_bursts(small: VoiceSet, tmp_path: Path) -> None:
    ticks: list[int] = []
    views = load_views(small, tmp_path, lambda done, _all: ticks.append(done))
    assert ticks == sorted(ticks) and ticks[-1] == 84 * NUM_COPIES + 28 * NUM_COPIES_OF_BURSTS
    assert (views.lengths[:NUM_COPIES_OF_BURSTS] > 0).all()
    assert ((views.lengths[NUM_COPIES_OF_BURSTS:] > 0) == (np.array(small.corpora) != "emogator")).all()
    assert not np.allclose(views.mels[0, 0], views.mels[1, 0])
    stamp = (tmp_path / "mels.npy").stat().st_mtime_ns
    again = load_views(small, tmp_path)
    assert (tmp_path / "mels.npy").stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(again.lengths, views.lengths)


def test_a_stopped_drawing_goes_on_and_gives_the_same_copies(small: VoiceSet, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, _all: int) -> None:
        if done > 150:
            raise StoppedError

    with pytest.raises(StoppedError):
        load_views(small, tmp_path / "stopped", stop)
    after = load_views(small, tmp_path / "stopped")
    whole = load_views(small, tmp_path / "whole")
    np.testing.assert_array_equal(after.mels, whole.mels)
    np.testing.assert_array_equal(after.pitch, whole.pitch)


def test_changes_of_pictures_are_repeatable_and_keep_padding_empty(small: VoiceSet, tmp_path: Path) -> None:
    views = load_views(small, tmp_path)
    rows = np.arange(0, 84, 7)

    def changed(seed: int) -> voice_tower.VoicePictures:
        generator = torch.Generator().manual_seed(seed)
        pictures = change_pace(views.pictures(rows, generator), generator)
        return hide_stretches(change_response(pictures, generator), generator)

    first, same, other = changed(1), changed(1), changed(2)
    assert torch.equal(first.mels, same.mels)
    assert first.mels.shape != other.mels.shape or not torch.allclose(first.mels, other.mels)
    assert float(first.mels.mT[~first.mask].abs().max()) == 0
    assert bool(functionals(first).isfinite().all())


def test_towers_that_leave_people_out_are_kept_and_read_as_speaker_sets(small: VoiceSet, tmp_path: Path) -> None:
    views: VoiceViews = load_views(small, tmp_path / "views")
    described = copies_described(views, tmp_path / "views")
    results = leave_out(small, views, described, tmp_path, seed=0, told=lambda _name: lambda _report: None, num_epochs=1)
    assert [part.name for part in results] == [f"voice_fold_{n}" for n in (1, 2, 3, 4)] + ["voice_without_emodb"]
    for part in results:
        assert not set(part.speakers) & set(part.train_speakers)
        assert "emogator" not in part.corpora
    assert set(results[-1].corpora) == {"emodb"}
    scored = [name for part in results[:4] for name in part.speakers]
    assert len(scored) == 84 and len(set(scored)) == 12
    people = read_speaker_set(tmp_path / "voice_fold_1.npz")
    assert people.people() == ("emodb_0", "nemo_0", "ravdess_0")
    np.testing.assert_allclose(people.embeddings, results[0].embeddings, atol=1e-5)
    stamp = (tmp_path / "voice_fold_1.npz").stat().st_mtime_ns
    leave_out(small, views, described, tmp_path, seed=0, told=lambda _name: lambda _report: None, num_epochs=1)
    assert (tmp_path / "voice_fold_1.npz").stat().st_mtime_ns == stamp


def test_what_is_said_of_an_utterance_is_learned_from_its_copies_and_then_stays(small: VoiceSet, tmp_path: Path) -> None:
    """A higher pitch for every emotion: people who were left out are told by it."""
    views = load_views(small, tmp_path)
    described = copies_described(views, tmp_path)
    known = np.array([not name.endswith("_3") for name in small.speakers])
    torch.manual_seed(0)
    tower = voice_tower.VoiceTower()
    parts = (tower.network.description, tower.adapter, tower.log_scale, tower.anchors)
    voice_description.fit_description(*parts, small, described, known, seed=0, num_steps=500)
    tower.eval()
    with torch.inference_mode():
        embeddings = tower.adapter(tower.network.description(torch.from_numpy(described[0])).unsqueeze(1))
        said = tower.logits(embeddings).argmax(1).numpy()
    assert (said[~known] == small.labels[~known]).mean() > 0.5  # by chance 0.14
    tower = voice_tower.train_voices(small, views, described, small, tmp_path / "tower.pt", known, num_epochs=1)
    for part in (tower.network.description, tower.adapter):
        assert not any(weight.requires_grad for weight in part.parameters())
    assert not tower.train().network.description.training


def test_functionals_of_copies_are_kept(small: VoiceSet, tmp_path: Path) -> None:
    views = load_views(small, tmp_path)
    first = copies_described(views, tmp_path)
    stamp = (tmp_path / "functionals.npy").stat().st_mtime_ns
    np.testing.assert_array_equal(copies_described(views, tmp_path), first)
    assert (tmp_path / "functionals.npy").stat().st_mtime_ns == stamp
    assert ((first != 0).any(2) == (views.lengths > 0)).all()
