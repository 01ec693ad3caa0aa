from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.errors import ManifestError
from emoasst_core.training.feature_store import JOURNAL, Features, FeatureStore, StoreKey, padded

KEY = StoreKey("towers", "preparation", "rows")
WIDTHS = {"frames": 4, "audio": 3, "text": 4}


def features(row: int) -> Features:
    return Features(
        np.full((row % 3, 4), row, np.float16), np.full((row + 1, 3), row, np.float16), np.full((2, 4), row, np.float16),
        "unreadable" if row == 5 else "",
    )  # fmt: skip


def fill(root, num_rows: int) -> FeatureStore:
    with FeatureStore(root, KEY, WIDTHS) as store:
        for row in range(len(store), num_rows):
            store.append(features(row))
    return store


def assert_whole(store: FeatureStore, num_rows: int) -> None:
    assert len(store) == num_rows
    for row in range(num_rows):
        expected = features(row)
        for part in ("frames", "audio", "text"):
            np.testing.assert_array_equal(store.read(part, row), getattr(expected, part))


def test_rows_of_unequal_length_come_back_as_they_went_in(tmp_path):
    store = fill(tmp_path, 20)
    assert_whole(store, 20)
    assert store.errors == {5: "unreadable"}
    assert store.counts("audio").tolist() == list(range(1, 21))


@pytest.mark.parametrize("torn_bytes", [1, 7, 60, 200])
def test_a_torn_journal_costs_only_the_rows_it_named(tmp_path, torn_bytes):
    store = fill(tmp_path, 20)
    journal = store.folder / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-torn_bytes])
    kept = len(FeatureStore(tmp_path, KEY, WIDTHS))
    assert 10 <= kept < 20
    assert_whole(fill(tmp_path, 20), 20)


def test_data_written_without_their_journal_line_are_cut_off(tmp_path):
    store = fill(tmp_path, 8)
    with (store.folder / "audio.f16").open("ab") as handle:
        handle.write(b"\x01" * 1001)
    assert_whole(fill(tmp_path, 12), 12)


def test_rows_whose_data_never_reached_the_disk_are_computed_again(tmp_path):
    store = fill(tmp_path, 8)
    data = store.folder / "text.f16"
    data.write_bytes(data.read_bytes()[:-3])
    assert len(FeatureStore(tmp_path, KEY, WIDTHS)) == 7
    assert_whole(fill(tmp_path, 8), 8)


def test_another_key_gets_another_folder(tmp_path):
    fill(tmp_path, 3)
    assert len(FeatureStore(tmp_path, StoreKey("other towers", "preparation", "rows"), WIDTHS)) == 0


def test_other_widths_under_the_same_key_are_refused(tmp_path):
    fill(tmp_path, 3)
    with pytest.raises(ManifestError, match="other models"):
        FeatureStore(tmp_path, KEY, WIDTHS | {"audio": 5})


def test_padding_is_masked():
    values, mask = padded([np.ones((2, 3), np.float16), np.ones((4, 3), np.float16)])
    assert values.shape == (2, 4, 3) and mask.sum(1).tolist() == [2, 4] and values[0, 2:].sum() == 0
