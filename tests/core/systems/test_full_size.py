"""Every system at the paper's size with random weights: one real training step and one analysis of a real clip on this machine.

Hours of nobody's time, but minutes and gigabytes: runs only with EMOASST_LONG=1, and needs the recordings of EMOASST_DATA.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.session.pipeline_factory import load_recogniser, open_pipeline
from emoasst_core.training.systems.catalogue import train_system
from emoasst_core.training.systems.examples import Example, ExampleSet
from emoasst_core.training.systems.finishing import Training

CLIPS = ("grid_bbaf2n.mpg", "grid_lbax4n.mpg", "grid_swiz3n.mpg", "grid_sbia1a.mpg")
WORDS = ("bin blue at f two now", "lay blue at x four now", "set white in z three now", "set blue in a one again")
STEPS: dict[str, dict[str, Any]] = {
    "mer-clip": {}, "emovclip": {"num_folds": 2, "unlabelled_speakers": 1, "num_rounds": 1}, "transformer-svm": {"oof": False},
    "sem-mbt": {},
}  # fmt: skip
# what the papers print or seeds of the design computed; MER-CLIP: three towers, the frozen label tower and the decoder
MORE_THAN = {"mer-clip": 250e6, "emovclip": 450e6, "transformer-svm": 280e6, "sem-mbt": 190e6}


@pytest.fixture(scope="module")
def examples(data_folder: Path) -> ExampleSet:
    """A few real talking heads; their labels are made up, as only one step is taken."""
    rows = []
    for number in range(10):
        path = data_folder / "clips" / CLIPS[number % len(CLIPS)]
        items = list(MediaFile(path, 8.0))
        frames = np.stack([item.image[::2, ::2][:112, 20:132] for item in items if isinstance(item, Frame)][:16])
        samples = np.concatenate([item.samples for item in items if isinstance(item, AudioBlock)])
        labels = np.eye(NUM_EMOTIONS, dtype=np.float32)[number % NUM_EMOTIONS]
        split = "dev" if number >= 6 else "train"
        speaker = f"{split} {number}"
        rows.append(
            Example(str(number), split, number % NUM_EMOTIONS, labels, 1.0, speaker, speaker, frames, samples, WORDS[number % 4])
        )
    return ExampleSet("grid", tuple(rows), "made-up labels")


@pytest.mark.skipif(os.environ.get("EMOASST_LONG") != "1", reason="EMOASST_LONG=1 runs the full-size systems: minutes and 12 GB")
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore::UserWarning")  # scikit-learn about so few rows
@pytest.mark.parametrize("system", list(STEPS))
def test_a_full_size_system_takes_a_training_step_and_analyses_a_clip(
    system: str, examples: ExampleSet, tmp_path: Path, data_folder: Path
) -> None:
    card = train_system(system, examples, Training(tmp_path / system, "full", num_epochs=1, choices=STEPS[system]))
    assert card["num_parameters"] > MORE_THAN[system]
    if system == "emovclip":
        from safetensors import safe_open

        with safe_open(tmp_path / system / "network.safetensors", "pt") as file:
            prompts = [file.get_tensor(name) for name in file.keys() if name.startswith("prompts.")]  # noqa: SIM118 - not a dict
        assert sum(tensor.numel() for tensor in prompts) == 61_440
    if system == "sem-mbt":
        sizes = card["options"]
        assert sizes["parameters_vggish"] + sizes["parameters_resnet"] - sizes["parameters_sem"] == 72_141_184 + 11_176_512
        assert (sizes["parameters_sem"], sizes["parameters_encoder"]) == (3_087_872, 133_760)
    load_recogniser.cache_clear()
    gc.collect()
    pipeline = open_pipeline(str(tmp_path / system), AnalysisOptions(transcribe=False), None, "clip")
    for item in MediaFile(data_folder / "clips" / CLIPS[0], 4.0):
        pipeline.feed(item)
    pipeline.finish()
    record = pipeline.record()
    assert any(sum(row.probs.values()) == pytest.approx(1.0, abs=1e-3) for row in record.utterances)
    load_recogniser.cache_clear()
