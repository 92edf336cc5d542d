"""MIND's submission format: a line `impression_id [rank of candidate 1,rank of candidate 2,...]`.

Ranks are 1 for the best. MIND's evaluation compares line by line with its truth file, so lines come
in the order of `behaviors.tsv`, whatever order the impressions were ranked in.

References
----------
https://github.com/msnews/MIND/blob/master/evaluate.py and https://msnews.github.io/#submission.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    order: Iterable[str] | None = None,
    listed_id: Callable[[str], str] = str,
) -> int:
    """Write the ranks of each impression; returns how many lines.

    Parameters
    ----------
    path
        The file to write, replaced if it is there; its folder is made.
    ranks
        Impression id to the rank of each candidate, in the order of the log's candidates.
    order
        Impression ids in the order of the lines (`ImpressionLog.file_order`); ids without ranks are
        left out. None keeps the order of `ranks`.
    listed_id
        What the log's files call an impression (`ImpressionLog.listed_id`).
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    wanted = ranks if order is None else (key for key in order if key in ranks)
    n_lines = 0
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for impression_id in wanted:
            file.write(prediction_line(listed_id(impression_id), ranks[impression_id]) + "\n")
            n_lines += 1
    return n_lines
