from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from emoasst_core import cli
from emoasst_core.datatypes import Modality
from emoasst_core.encoders.vision import VisionEncoder
from emoasst_core.errors import ConfigError
from emoasst_core.recogniser import Recogniser
from emoasst_core.training.clip_reader import ClipReader
from emoasst_core.training.recipes.run_folder import open_run
from tests.core.training.small_training import train_arguments


def losses(run: Path) -> dict[str, list[float]]:
    return json.loads((run / "run_card.json").read_text(encoding="utf-8"))["losses"]


def test_a_training_killed_again_and_again_ends_with_the_losses_of_one_that_was_not(tmp_path, listing, towers):
    program = [sys.executable, "-m", "emoasst_core.cli"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    whole = train_arguments(listing, towers, tmp_path / "whole")
    subprocess.run([*program, *whole], check=True, capture_output=True, env=environment, timeout=170)
    killed = train_arguments(listing, towers, tmp_path / "killed")
    signs = ["features/*/journal.jsonl", "frames.pt", "audio.pt"]  # killed as soon as each of these is there
    for sign in signs:
        process = subprocess.Popen([*program, *killed], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        while process.poll() is None and not list((tmp_path / "killed").glob(sign)):
            time.sleep(0.01)
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait(60)
    last = subprocess.run([*program, *killed], capture_output=True, text=True, env=environment, timeout=170)
    assert last.returncode == 0, last.stderr
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    cards = [json.loads((tmp_path / name / "run_card.json").read_text(encoding="utf-8")) for name in ("killed", "whole")]
    assert cards[0]["dev"] == cards[1]["dev"]


def test_clips_are_decoded_once_even_if_training_starts_again(tmp_path, listing, towers, monkeypatch):
    read = []
    real = ClipReader.read
    monkeypatch.setattr(ClipReader, "read", lambda self, manifest, row: read.append(row.id) or real(self, manifest, row))
    shared = ["--store", str(tmp_path / "store"), "--num-epochs", "1"]
    assert cli.main(train_arguments(listing, towers, tmp_path / "one", *shared)) == 0
    assert cli.main(train_arguments(listing, towers, tmp_path / "two", *shared, "--seed", "1")) == 0
    assert len(read) == len(set(read)) == 70


def test_an_unreadable_clip_is_counted_and_its_row_stays(tmp_path, listing, towers):
    clips = tmp_path / "clips"
    clips.mkdir()
    for path in listing.parent.iterdir():
        (clips / path.name).write_bytes(path.read_bytes())
    (clips / "Dan_joy_0.mp4").write_bytes(b"no film")
    (clips / "Ann_fear_1.mp4").unlink()
    assert cli.main(train_arguments(clips / "clips.csv", towers, tmp_path / "run", "--num-epochs", "1")) == 0
    run = open_run(tmp_path / "run")
    card = json.loads((run.folder / "run_card.json").read_text(encoding="utf-8"))
    assert set(card["unreadable_clips"]) == {"Dan_joy_0", "Ann_fear_1"}
    assert len(run.embed()) == 70 and card["rows"]["frames"] == {"train": 41, "dev": 13}


def test_another_choice_in_the_same_folder_is_refused(tmp_path, listing, towers):
    arguments = train_arguments(listing, towers, tmp_path / "run", "--num-epochs", "1")
    assert cli.main(arguments) == 0
    assert cli.main([*arguments, "--seed", "9"]) == 2
    with pytest.raises(ConfigError, match="no finished"):
        open_run(tmp_path)


def test_the_card_names_data_choices_and_selection(tmp_path, listing, towers):
    assert cli.main(train_arguments(listing, towers, tmp_path / "run", "--num-epochs", "1")) == 0
    page = (tmp_path / "run" / "run_card.md").read_text(encoding="utf-8")
    assert "train 42, dev 14, test 14" in page and "chosen on **dev** by **macro_f1**" in page and "visual_rate: 0.001" in page


def test_checking_finds_a_broken_clip_and_trains_nothing(tmp_path, listing, capsys):
    clips = tmp_path / "clips"
    clips.mkdir()
    for path in listing.parent.iterdir():
        (clips / path.name).write_bytes(path.read_bytes() if "Bob_sadness_0" not in path.name else b"no film")
    assert cli.main(["train", "--data", str(clips / "clips.csv"), "--check", "--json", str(tmp_path / "check.json")]) == 0
    findings = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    assert [error["id"] for error in findings["errors"]] == ["Bob_sadness_0"]
    assert "missing or unreadable clips: 1" in capsys.readouterr().out


@pytest.mark.timeout(6000)
def test_full_size_networks_train_on_real_clips_and_survive_a_kill(tmp_path, data_folder):
    if os.environ.get("EMOASST_LONG") != "1":
        pytest.skip("EMOASST_LONG is not 1: this test takes a quarter of an hour")
    from tests.core.training.full_size import write_full_size_towers, write_real_clips

    towers = write_full_size_towers(tmp_path)
    assert VisionEncoder(towers[0]).embed_dim == 512
    clips = write_real_clips(data_folder, tmp_path / "clips", 200)
    sizes = ["--batch-size", "32", "--num-epochs", "3", "--num-frames", "4"]
    program = [sys.executable, "-m", "emoasst_core.cli"]
    store = ["--store", str(tmp_path / "store")]
    subprocess.run([*program, *train_arguments(clips, towers, tmp_path / "whole", *sizes, *store)], check=True, timeout=3000)
    killed = train_arguments(clips, towers, tmp_path / "killed", *sizes, *store)
    for sign in ("frames.pt", "audio.pt"):
        process = subprocess.Popen([*program, *killed])
        while process.poll() is None and not (tmp_path / "killed" / sign).exists():
            time.sleep(0.01)
        process.kill()
        process.wait(60)
    subprocess.run([*program, *killed], check=True, timeout=3000)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")


def test_a_finished_run_is_a_profile_that_reads_like_its_training(tmp_path, listing, towers):
    assert cli.main(train_arguments(listing, towers, tmp_path / "run")) == 0
    recogniser = Recogniser(tmp_path / "run")
    run = open_run(tmp_path / "run")
    embedded = run.embed()
    row = embedded.ids.index("Dan_joy_1")
    data = run.manifest.rows[row]
    clip = ClipReader(pictures="frame", num_frames=4).read(run.manifest, data)
    face = recogniser.embed_video(recogniser.embed_crops(clip.pictures))
    np.testing.assert_allclose(face, embedded.embeddings[Modality.FACE][row], atol=2e-3)
    probs = recogniser.classify({Modality.FACE: face})
    assert probs.sum() == pytest.approx(1.0, abs=1e-5)
    assert json.loads((tmp_path / "run" / "run_card.json").read_text(encoding="utf-8"))["is_profile"]
