from __future__ import annotations

from math import comb

import numpy as np
import pytest

from emoasst_core.errors import ManifestError
from emoasst_core.evaluation.mcnemar import compare_predictions, mcnemar


def test_the_p_value_is_that_of_a_coin_thrown_for_each_differing_row():
    labels = np.zeros(30, int)
    first, second = np.zeros(30, int), np.zeros(30, int)
    first[:2], second[2:12] = 1, 1
    found = mcnemar(labels, first, second)
    tail = sum(comb(12, k) for k in range(3)) / 2**12
    assert (found.only_first, found.only_second) == (10, 2) and found.p_value == pytest.approx(2 * tail)


def test_two_equal_systems_do_not_differ():
    labels = np.arange(7)
    assert mcnemar(labels, labels, labels).p_value == 1.0


def test_two_files_of_predictions_are_compared_row_by_row(tmp_path):
    head = "id,label,prediction\n"
    (tmp_path / "a.csv").write_text(head + "1,joy,joy\n2,fear,joy\n3,anger,\n")
    (tmp_path / "b.csv").write_text(head + "3,anger,anger\n1,joy,joy\n2,fear,fear\n")
    found = compare_predictions(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (found.only_first, found.only_second) == (0, 2)
    (tmp_path / "c.csv").write_text(head + "9,joy,joy\n")
    with pytest.raises(ManifestError, match="same rows"):
        compare_predictions(tmp_path / "a.csv", tmp_path / "c.csv")


def test_two_predictions_of_one_manifest_are_compared_also_where_a_file_stands_in_several_rows(tmp_path):
    head = "path,emotion,predicted\n"
    (tmp_path / "a.csv").write_text(head + "x/talk.mp4,joy,joy\nx/talk.mp4,fear,joy\n,anger,\n")
    (tmp_path / "b.csv").write_text(head + "talk.mp4,joy,sadness\ntalk.mp4,fear,fear\n,anger,anger\n")
    found = compare_predictions(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (found.only_first, found.only_second) == (1, 2)
    (tmp_path / "c.csv").write_text(head + "talk.mp4,joy,joy\nother.mp4,fear,joy\n,anger,\n")
    with pytest.raises(ManifestError, match="same rows"):
        compare_predictions(tmp_path / "a.csv", tmp_path / "c.csv")
    with pytest.raises(ManifestError, match="There is no file"):
        compare_predictions(tmp_path / "a.csv", tmp_path / "d.csv")
