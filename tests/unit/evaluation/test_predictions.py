"""MIND's submission file: its lines, in the order of the log."""

from __future__ import annotations

from pathlib import Path

from cherryrec.evaluation.predictions import write_predictions


def test_lines_come_in_the_order_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "new" / "prediction.txt"
    order = [("1", "1"), ("unranked", "unranked"), ("9", "9")]

    n_lines = write_predictions(path, {"9": [1, 2], "1": [2, 1, 3]}, order=order)

    assert n_lines == 2
    assert path.read_text() == "1 [2,1,3]\n9 [1,2]\n"
