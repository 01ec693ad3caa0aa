from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.catalogue import open_manifest
from emoasst_core.training.manifests.check import check_manifest, describe
from emoasst_core.training.manifests.crema_d import read_crema_d
from emoasst_core.training.manifests.generic import hold_out_speakers, read_listing
from emoasst_core.training.manifests.iemocap import read_iemocap
from emoasst_core.training.manifests.manifest import Row, emotion_name
from emoasst_core.training.manifests.meld import CLASS_COUNTS, SIZES, read_meld
from emoasst_core.training.manifests.mer import read_mer
from emoasst_core.training.manifests.mosei import read_mosei, read_mosi
from emoasst_core.training.manifests.ravdess import read_ravdess

MELD_COLUMNS = ["Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode"]


def write_csv(path: Path, columns: list[str], rows: list[list[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_meld(folder: Path) -> Path:
    for split in ("train", "dev", "test"):
        rows = [
            [1, "Hello there.", "Ann", "joy", "positive", 0, 0, 1, 2],
            [2, "What?", "Bob", "surprise", "negative", 0, 1, 1, 2],
        ]
        write_csv(folder / f"{split}_sent_emo.csv", MELD_COLUMNS, rows)
    return folder


def test_meld_rows_carry_split_speaker_dialogue_and_words(tmp_path):
    manifest = read_meld(write_meld(tmp_path), official=False)
    first = manifest.rows[0]
    assert (first.id, first.split, first.label, first.speaker) == ("meld/train/dia0_utt0", "train", "joy", "Ann")
    assert first.group == "meld/train/dia0" and first.text == "Hello there." and first.video is None


def test_a_clip_missing_from_meld_is_a_counted_error_and_its_row_stays(tmp_path):
    write_meld(tmp_path)
    touch(tmp_path / "train_splits" / "dia0_utt0.mp4")
    manifest = read_meld(tmp_path, official=False)
    assert [error.id for error in manifest.errors] == ["meld/train/dia0_utt1"]
    assert len(manifest) == 6 and manifest.rows[1].video == "train_splits/dia0_utt1.mp4"


def test_meld_of_another_size_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="9,989"):
        read_meld(write_meld(tmp_path))


def test_the_real_meld_has_its_official_sizes_and_class_counts(data_folder):
    manifest = read_meld(data_folder / "meld")
    assert manifest.sizes == SIZES
    findings = check_manifest(manifest)
    assert findings.class_counts == {split: CLASS_COUNTS[split] for split in findings.class_counts}
    assert findings.repeated_texts == 331
    assert not findings.shared_groups and "Monica" in findings.shared_speakers


def test_the_real_ravdess_is_split_by_actor(data_folder):
    manifest = read_ravdess(data_folder / "speech" / "ravdess")
    findings = check_manifest(manifest)
    assert findings.is_speaker_disjoint and findings.left_out == {"calm": 160}
    assert manifest.sizes == {"train": 936, "dev": 104}


def test_calm_is_left_out_of_ravdess_and_counted(tmp_path):
    touch(tmp_path / "Actor_01" / "03-01-02-01-01-01-01.wav")
    touch(tmp_path / "Actor_01" / "03-01-05-02-02-01-01.wav")
    touch(tmp_path / "Actor_21" / "01-01-03-01-01-01-21.mp4")
    touch(tmp_path / "Actor_21" / "03-02-03-01-01-01-21.wav")  # a song
    manifest = read_ravdess(tmp_path)
    assert manifest.left_out == {"calm": 1}
    assert [(row.split, row.label, row.text) for row in manifest.rows] == [
        ("train", "anger", "Dogs are sitting by the door."),
        ("test", "joy", "Kids are talking by the door."),
    ]
    assert manifest.rows[1].video == "Actor_21/01-01-03-01-01-01-21.mp4" and manifest.rows[1].audio is None


def test_crema_d_holds_out_actors_and_reads_audio_visual_votes(tmp_path):
    for actor in range(1001, 1011):
        touch(tmp_path / "AudioWAV" / f"{actor}_DFA_ANG_XX.wav")
    touch(tmp_path / "AudioWAV" / "1001_IEO_HAP_HI.wav", b"version https://git-lfs.github.com/spec/v1\n")
    columns = ["", "A", "D", "F", "H", "N", "S", "fileName"]
    votes = [[300001, 6, 0, 0, 0, 2, 0, "1001_DFA_ANG_XX"], [100001, 0, 0, 0, 8, 0, 0, "1001_DFA_ANG_XX"]]
    write_csv(tmp_path / "processedResults" / "tabulatedVotes.csv", columns, votes)
    manifest = read_crema_d(tmp_path, official=False)
    assert manifest.sizes == {"train": 9, "dev": 1, "test": 1}
    row = next(row for row in manifest.rows if row.id == "crema-d/1001_DFA_ANG_XX")
    assert row.labels["anger"] == 0.75 and row.labels["neutral"] == 0.25 and row.text == "Don't forget a jacket."
    assert [error.id for error in manifest.errors] == ["crema-d/1001_IEO_HAP_HI"]
    with pytest.raises(ManifestError, match="7,442"):
        read_crema_d(tmp_path)


def test_iemocap_leaves_one_session_out_and_no_speaker_is_in_two_splits(tmp_path):
    for session in range(1, 6):
        dialogue = f"Ses0{session}F_impro01"
        folder = tmp_path / f"Session{session}" / "dialog"
        text = (
            "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
            f"[6.2901 - 8.2357]\t{dialogue}_F000\texc\t[2.5000, 2.5000, 2.5000]\n"
            f"[10.0100 - 11.3925]\t{dialogue}_M001\tfru\t[2.5000, 2.5000, 2.5000]\n"
            f"[14.8872 - 18.0175]\t{dialogue}_M002\tsad\t[1.5000, 2.0000, 2.0000]\n"
        )
        touch(folder / "EmoEvaluation" / f"{dialogue}.txt", text.encode())
        touch(folder / "transcriptions" / f"{dialogue}.txt", f"{dialogue}_F000 [006.2901-008.2357]: Excuse me.\n".encode())
    manifest = read_iemocap(tmp_path, test_session=4, official=False)
    assert {row.extra["session"] for row in manifest.split("test").rows} == {4}
    assert {row.extra["session"] for row in manifest.split("dev").rows} == {5}
    assert check_manifest(manifest).is_speaker_disjoint and manifest.left_out == {"fru": 5}
    woman, man = manifest.rows[:2]
    assert (woman.label, woman.text, woman.extra["half"], man.extra["half"]) == ("joy", "Excuse me.", "left", "right")
    assert woman.start_s == 6.2901 and man.valence == 1.5
    with pytest.raises(ManifestError, match="5,531"):
        read_iemocap(tmp_path)


def test_mosei_labels_the_strongest_emotion_and_mosi_only_a_sentiment(tmp_path):
    columns = ["video_id", "clip_id", "text", "label", "mode", "happy", "sad", "anger", "surprise", "disgust", "fear"]
    rows = [["a", 0, "good", 2.0, "train", 3, 0, 0, 1, 0, 0], ["b", 1, "so so", 0.0, "valid", 0, 0, 0, 0, 0, 0]]
    write_csv(tmp_path / "mosei" / "label.csv", columns, rows)
    manifest = read_mosei(tmp_path / "mosei", official=False)
    assert [(row.label, row.split) for row in manifest.rows] == [("joy", "train"), ("neutral", "dev")]
    assert manifest.rows[0].labels["surprise"] == pytest.approx(1 / 3) and manifest.task == "multi"
    write_csv(tmp_path / "mosi" / "label.csv", columns[:5], [row[:5] for row in rows])
    mosi = read_mosi(tmp_path / "mosi", official=False)
    assert mosi.task == "valence" and mosi.rows[0].valence == 2.0
    with pytest.raises(ManifestError, match="carries no emotion"):
        _ = mosi.labels
    with pytest.raises(ManifestError, match="1,284"):
        read_mosi(tmp_path / "mosi")


def test_mer_folds_cover_every_clip_once(tmp_path):
    rows = [[f"clip{number}", "worried" if number == 0 else "happy", 1.0] for number in range(40)]
    write_csv(tmp_path / "label.csv", ["name", "discrete", "valence"], rows)
    tested = [row.id for fold in range(5) for row in read_mer(tmp_path, fold=fold, official=False).split("test").rows]
    assert sorted(tested) == sorted(f"mer2024/clip{number}" for number in range(1, 40))
    assert read_mer(tmp_path, official=False).left_out == {"worried": 1}
    with pytest.raises(ManifestError, match="5,030"):
        read_mer(tmp_path)


def test_a_listing_says_the_same_as_csv_and_as_json_lines(tmp_path):
    touch(tmp_path / "a.wav")
    path = write_csv(
        tmp_path / "clips.csv",
        ["path", "emotion", "speaker", "split", "text", "start", "mood"],
        [["a.wav", "Happiness", "Ann", "train", "Hé!", "0.5", "fine"]],
    )
    manifest = read_listing(path)
    assert manifest.rows[0].label == "joy" and manifest.rows[0].audio == "a.wav" and manifest.rows[0].extra == {"mood": "fine"}
    record = {name: getattr(manifest.rows[0], name) for name in Row.__slots__ if name != "extra"} | manifest.rows[0].extra
    lines = [
        {"manifest": 1, "task": manifest.task},
        {name: value for name, value in record.items() if value not in (None, "", {})},
    ]
    (tmp_path / "again.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert read_listing(tmp_path / "again.jsonl").rows == manifest.rows


@pytest.mark.parametrize("label", ["3", "0", "-1", "2.0"])
def test_a_label_that_is_a_number_is_refused(label):
    with pytest.raises(ManifestError, match="number"):
        emotion_name(label)


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "a/../../b.wav", "C:/x.wav", "a\\b.wav"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, path):
    listing = write_csv(tmp_path / "clips.csv", ["audio", "label", "split"], [[path, "joy", "train"]])
    with pytest.raises(ManifestError, match="leaves the data folder"):
        read_listing(listing)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_out_of_the_folder_is_refused(tmp_path):
    outside = touch(tmp_path / "outside.wav")
    data = tmp_path / "data"
    data.mkdir()
    (data / "inside.wav").symlink_to(outside)
    listing = write_csv(data / "clips.csv", ["audio", "label", "split"], [["inside.wav", "joy", "train"]])
    with pytest.raises(ManifestError, match="link out"):
        read_listing(listing)


def test_without_a_split_column_whole_speakers_are_held_out_the_same_way_every_time():
    rows = [Row(f"{number}", "", "joy", speaker=f"speaker {number % 9}") for number in range(90)]
    split = hold_out_speakers(rows)
    by_split = {name: {row.speaker for row in split if row.split == name} for name in ("train", "dev", "test")}
    assert all(by_split.values()) and not by_split["train"] & by_split["test"] and not by_split["dev"] & by_split["train"]
    assert split == hold_out_speakers(rows)


def test_a_group_in_two_splits_makes_the_data_unusable(tmp_path):
    rows = [["a", "joy", "train", "one"], ["b", "joy", "test", "one"]]
    listing = write_csv(tmp_path / "clips.csv", ["id", "label", "split", "group"], rows)
    findings = check_manifest(read_listing(listing))
    assert not findings.is_usable and findings.shared_groups == {"one": ("test", "train")}
    assert "LEAK" in describe(findings)


def test_the_hash_of_a_manifest_follows_its_rows_and_not_its_place(tmp_path):
    for name, label in (("one", "joy"), ("two", "joy"), ("three", "fear")):
        write_csv(tmp_path / name / "clips.csv", ["id", "label", "split"], [["a", label, "train"]])
    one, two, three = (read_listing(tmp_path / name / "clips.csv").content_hash() for name in ("one", "two", "three"))
    assert one == two != three


def test_a_listing_that_names_an_id_twice_is_refused(tmp_path):
    listing = write_csv(tmp_path / "clips.csv", ["id", "label", "split"], [["a", "joy", "train"], ["a", "joy", "dev"]])
    with pytest.raises(ManifestError, match="more than one row"):
        read_listing(listing)


def test_a_json_lines_header_maps_labels(tmp_path):
    lines = [
        {"manifest": 1, "label_map": {"glad": "joy"}},
        {"id": "a", "label": "glad", "split": "valid", "labels": {"joy": 1.0}},
    ]
    path = tmp_path / "clips.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    row = open_manifest(path).rows[0]
    assert (row.label, row.split, row.labels) == ("joy", "dev", {"joy": 1.0})
