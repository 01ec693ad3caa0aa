from __future__ import annotations

from pathlib import Path

import pytest

from emoasst_core.encoders.model_registry import ModelRegistry
from emoasst_core.errors import DownloadError, ModelError

GOOD = """
[small]
title = "A small model"
kind = "face_detector"
source = "https://example.org"
licence = "MIT"
files = [{ name = "model.onnx", url = "https://example.org/model.onnx", sha256 = "%s", size_bytes = 3 }]
""" % ("ab" * 32)


def write(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text)
    return path


def test_every_model_that_ships_in_the_list_is_sound() -> None:
    entries = {entry.name: entry for entry in ModelRegistry()}
    assert {"yunet", "clip-vit-b-32", "emotionclip", "wav2vec2-base", "segue", "faster-whisper-tiny"} <= set(entries)
    for entry in entries.values():
        assert entry.licence and entry.source.startswith("https://") and entry.revision
        assert entry.by_hand or entry.shown_bytes > 0
        for file in entry.files:
            assert not file.url or entry.revision in file.url, f"{file.url} is not pinned to {entry.revision}"
    assert entries["yunet"].files[0].sha256 == "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def test_cards_carry_what_must_not_be_guessed() -> None:
    registry = ModelRegistry()
    clip, emotionclip = registry.entry("clip-vit-b-32").make_card(), registry.entry("emotionclip").make_card()
    assert clip.activation == "quick_gelu" and clip.mean == (0.48145466, 0.4578275, 0.40821073)
    assert clip.sha256 == registry.entry("clip-vit-b-32").files[0].sha256
    assert emotionclip.activation == "gelu" and emotionclip.mean == (0.485, 0.456, 0.406) and emotionclip.person_token
    segue = registry.entry("segue").make_card()
    assert segue.num_layers == 9 and segue.sample_rate_hz == 16_000 and segue.normalise_sound


def test_an_unknown_model_lists_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"'nothing'.*Known: .*yunet"):
        ModelRegistry().entry("nothing")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"model.onnx"', '"../model.onnx"', "plain name"),
        ('"model.onnx"', '"a/b"', "plain name"),
        ("[small]", '["../small"]', "plain name"),
        ("ab" * 32, "", "sha256 of model.onnx is missing"),
        ("ab" * 32, "ABC", "missing or malformed"),
        ("face_detector", "toaster", "kind, pin or convert"),
        ("title", "tittle", "cannot be used"),
        ("files", "flies", "cannot be used"),
        ("[small]", "[small", "cannot be read"),
    ],
)
def test_an_entry_that_is_not_sound_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ModelError, match=message):
        ModelRegistry(write(tmp_path, GOOD.replace(old, new)))


def test_an_insecure_address_in_the_list_is_refused(tmp_path: Path) -> None:
    assert ModelRegistry(write(tmp_path, GOOD)).entry("small").shown_bytes == 3
    with pytest.raises(DownloadError, match="not a secure one"):
        ModelRegistry(write(tmp_path, GOOD.replace("https://example.org/model", "http://example.org/model")))
