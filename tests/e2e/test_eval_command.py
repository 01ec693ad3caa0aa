"""`emoasst eval` on pictures, sound and video alike."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.cli import main
from emoasst_core.datatypes import Frame, Modality, Shot
from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.paths import demo_recording
from emoasst_core.session.pipeline_factory import load_recogniser
from emoasst_core.store.database import Database
from emoasst_core.store.shots import add_shot

KEYS = {
    "n", "accuracy", "uar", "macro_f1", "weighted_f1", "per_class", "confusion", "ece", "coverage", "majority_accuracy",
}  # fmt: skip


def write_manifest(path: Path, rows: list[dict[str, object]]) -> Path:
    columns = sorted({key for row in rows for key in row})
    with open(path, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    frame = next(item for item in MediaFile(demo_recording(), 2.0) if isinstance(item, Frame) and item.time_s > 1.0)
    path = tmp_path / "face.png"
    cv2.imwrite(str(path), cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))
    return path


def evaluate(manifest: Path, modality: str, *options: str) -> dict:
    out = manifest.with_suffix(".json")
    assert main(["eval", "--manifest", str(manifest), "--modality", modality, "--json", str(out), *options]) == 0
    return json.loads(out.read_text("utf-8"))


def test_pictures_sound_and_video_give_the_agreed_keys(tmp_path: Path, picture: Path):
    tight = tmp_path / "tight.png"
    cv2.imwrite(str(tight), np.random.default_rng(0).integers(0, 255, (48, 48), np.uint8))
    demo = demo_recording()
    rows = [
        {"path": str(picture), "emotion": "neutral", "speaker": "a"},
        {"path": str(tight), "emotion": "sad", "speaker": "b"},
        {"path": str(demo), "emotion": "happiness", "start_s": 0, "end_s": 4, "speaker": "a"},
    ]
    figures = evaluate(write_manifest(tmp_path / "m.csv", rows), "face")
    assert set(figures) >= KEYS
    assert figures["n"] == 3
    assert figures["coverage"] == 1.0
    assert figures["errors"] == []
    assert np.array(figures["confusion"]["matrix"]).sum() == 3
    voice = evaluate(write_manifest(tmp_path / "v.csv", rows[2:]), "voice")
    assert voice["coverage"] == 1.0


def test_an_unreadable_row_is_counted_as_wrong_and_listed(tmp_path: Path, picture: Path):
    rows = [{"path": str(picture), "emotion": "neutral"}, {"path": "missing.png", "emotion": "joy"}]
    figures = evaluate(write_manifest(tmp_path / "m.csv", rows), "face")
    assert figures["n"] == 2
    assert figures["accuracy"] <= 0.5
    assert figures["coverage"] == 0.5
    assert [error["row"] for error in figures["errors"]] == [3]


def test_words_are_scored_from_the_text_column_and_fillers_are_not_covered(tmp_path: Path):
    rows = [
        {"path": "", "emotion": "joy", "text": "That is so great, I am so happy for you!"},
        {"path": "", "emotion": "neutral", "text": "Uh."},
    ]
    figures = evaluate(write_manifest(tmp_path / "w.csv", rows), "words")
    assert figures["coverage"] == 0.5


def test_text_and_emotion_are_enough_for_words_and_a_bad_context_names_its_line(tmp_path: Path, capsys):
    rows = [
        {"emotion": "joy", "text": "I am so happy for you!", "context": '["We won the game.", "Really?"]'},
        {"emotion": "joy", "text": "I am so happy for you!", "context": ""},
    ]
    assert evaluate(write_manifest(tmp_path / "w.csv", rows), "words")["errors"] == []
    broken = write_manifest(tmp_path / "b.csv", [*rows, {"emotion": "joy", "text": "Fine by me!", "context": '"not a list"'}])
    assert main(["eval", "--manifest", str(broken), "--modality", "words", "--json", str(tmp_path / "b.json")]) == 2
    assert "Line 4" in capsys.readouterr().err


def test_the_familys_shots_change_the_figures(tmp_path: Path, picture: Path):
    manifest = write_manifest(tmp_path / "m.csv", [{"path": str(picture), "emotion": "fear"}])
    before = evaluate(manifest, "face")
    recogniser = load_recogniser("starter")
    image = cv2.cvtColor(cv2.imread(str(picture)), cv2.COLOR_BGR2RGB)
    from emoasst_core.config import AnalysisOptions
    from emoasst_core.evaluation.embedding_source import EmbeddingSource
    from emoasst_core.session.pipeline_factory import find_detector

    views = EmbeddingSource(recogniser, find_detector(AnalysisOptions())).views(image)
    embeddings = recogniser.embed_crops(views)
    key = recogniser.embed_video(embeddings[np.arange(recogniser.config.num_frames) % len(embeddings)])
    label = np.zeros(len(EMOTIONS), np.float32)
    label[emotion_index("fear")] = 1
    with Database(tmp_path / "family.sqlite") as database:
        add_shot(database, Shot(label, {Modality.FACE: key}, recogniser.encoder_hash), "s", 1)
    after = evaluate(manifest, "face", "--cache", str(tmp_path / "family.sqlite"))
    assert before["accuracy"] == 0.0
    assert after["accuracy"] == 1.0


@pytest.mark.parametrize("delimiter", [";", "\t"], ids=["semicolons", "tabs"])
def test_a_table_of_a_spreadsheet_that_writes_no_commas_is_read(tmp_path: Path, delimiter: str):
    rows = [["emotion", "text"], ["joy", "I am so happy, so happy for you!"], ["sad", "She is gone, and I miss her."]]
    (tmp_path / "m.csv").write_text("\ufeff" + "".join(f"{delimiter.join(row)}\n" for row in rows), "utf-8")
    figures = evaluate(tmp_path / "m.csv", "words")
    assert (figures["n"], figures["coverage"], figures["errors"]) == (2, 1.0, [])


def test_what_could_not_be_read_is_said_and_predictions_can_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows = [{"path": "gone.wav", "emotion": "joy"}, {"path": "", "emotion": "fear", "text": "I am scared of him!"}]
    manifest, table = write_manifest(tmp_path / "m.csv", rows), tmp_path / "new" / "rows.csv"
    evaluate(manifest, "voice", "--predictions", str(table))
    said = capsys.readouterr().err
    assert "Row 2: There is no file" in said and "No row has anything to read as voice" in said
    assert main(["eval", "--compare", str(table), str(table)]) == 0
    assert "p = 1.0000" in capsys.readouterr().out


def test_predictions_that_could_not_be_written_are_refused_before_anything_is_read(tmp_path: Path, capsys):
    manifest = write_manifest(tmp_path / "m.csv", [{"path": "a.png", "emotion": "joy"}])
    options = ["--modality", "face", "--json", str(tmp_path / "f.json"), "--predictions", str(tmp_path)]
    assert main(["eval", "--manifest", str(manifest), *options]) == 2
    assert "cannot be written" in capsys.readouterr().err and not (tmp_path / "f.json").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"path": "a.png"}], "emotion"),
        ([{"path": "a.png", "emotion": "hungry"}], "hungry"),
        ([{"path": "a.png", "emotion": "joy", "start_s": "soon"}], "Line 2"),
        ([{"emotion": "joy", "text": "one\ntwo"}, {"emotion": "hungry", "text": "three"}], "Line 4"),
        ([{"path": "a.wav", "emotion": "joy", "start_s": "nan"}], "start_s must be a time in seconds"),
        ([{"path": "a.wav", "emotion": "joy", "end_s": "inf"}], "end_s must be a time in seconds"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    rows: list[dict[str, object]], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    manifest = write_manifest(tmp_path / "m.csv", rows)
    assert main(["eval", "--manifest", str(manifest), "--modality", "face", "--json", str(tmp_path / "f.json")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "f.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"a,b\n1,2\n", "Its first row names the columns"),
        (bytes(range(256)), "Save it as csv in UTF-8"),
        (b"emotion,path\n", "Write one row for each clip"),
    ],
    ids=["missing", "other columns", "not text", "no rows"],
)
def test_a_file_that_is_no_manifest_is_refused_with_what_to_do(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    manifest = tmp_path / "m.csv"
    if content is not None:
        manifest.write_bytes(content)
    assert main(["eval", "--manifest", str(manifest), "--modality", "face", "--json", str(tmp_path / "f.json")]) == 2
    said = capsys.readouterr().err
    assert message in said and "Errno" not in said and "codec" not in said
