"""MIND's submission format: a line `impression_id [rank of candidate 1,rank of candidate 2,...]`.

Ranks are 1 for the best. MIND's evaluation compares line by line with its truth file, so lines come
in the order of `behaviors.tsv`, whatever order the impressions were ranked in.

References
----------
https://github.com/msnews/MIND/blob/master/evaluate.py and https://msnews.github.io/#submission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["prediction_line", "write_predictions"]


def prediction_line(impression_id: str, ranks: Iterable[int]) -> str:
    """Return one line of the file, without its end.

    Examples
    --------
    >>> prediction_line("7", [2, 1, 3])
    '7 [2,1,3]'
    """
    return f"{impression_id} [{','.join(str(int(rank)) for rank in ranks)}]"


def write_predictions(
    path: str | Path,
    ranks: Mapping[str, Iterable[int]],
    *,
    order: Iterable[tuple[str, str]] | None = None,
) -> int:
    """Write the ranks of each impression; returns how many lines.

    Parameters
    ----------
    path
        The file to write, replaced if it is there; its folder is made.
    ranks
        Impression id to the rank of each candidate, in the order of the log's candidates.
    order
        Impression ids in the order of the lines, and what is written for each
        (`ImpressionLog.file_order`); ids without ranks are left out. None keeps the order and the
        ids of `ranks`.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    wanted = ((key, key) for key in ranks) if order is None else order
    n_lines = 0
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for impression_id, written_id in wanted:
            if impression_id in ranks:
                file.write(prediction_line(written_id, ranks[impression_id]) + "\n")
                n_lines += 1
    return n_lines
