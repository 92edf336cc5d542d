"""MIND's submission file, written and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.predictions import read_predictions, write_predictions


def test_lines_come_in_the_order_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "new" / "prediction.txt"

    n_lines = write_predictions(path, {"9": [1, 2], "1": [2, 1, 3]}, order=["1", "unranked", "9"])

    assert n_lines == 2
    assert path.read_text() == "1 [2,1,3]\n9 [1,2]\n"
    assert read_predictions(path) == {"1": (2, 1, 3), "9": (1, 2)}


@pytest.mark.parametrize(
    "line", ["1", "1 [1,3]", "1 [0,1]", "1 [1,1]", "1 [a]", "1 []", "1 1,2", " [1]", "0 [1]\n0 [1]"]
)
def test_a_line_that_ranks_nothing_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "prediction.txt"
    path.write_text(f"0 [1]\n{line}\n")

    with pytest.raises(LogError, match=r"prediction.txt:\d: a line must be"):
        read_predictions(path)
