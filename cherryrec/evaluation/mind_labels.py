"""Whether the candidates of a log carry labels: decided for the log, never for a row.

`art-1` is an article's id in a log without labels, and a click on `art` in one with them. A row
alone cannot tell; the rows together can, and `news.tsv`, which lists ids.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

__all__ = ["has_labels", "labelled", "unlabelled"]

_LABELS = ("-0", "-1")


def has_labels(slates: Iterable[Sequence[str]], articles: Container[str]) -> bool:
    """Say whether a log has labels.

    Parameters
    ----------
    slates
        The candidates of its rows, as they are written.
    articles
        Ids of `news.tsv`; empty where it is not known.

    Examples
    --------
    >>> has_labels([["a-1", "b-0"], ["c-0", "d-1"]], ())
    True
    >>> has_labels([["a-1", "b-0"]], {"a-1", "b-0"})  # the ids are spelled so
    False
    >>> has_labels([["art-1", "b"], ["art-1", "art-0"]], ())  # as many with as without
    False
    >>> has_labels([["a", "b"], ["a-1", "b-0"]], {"a", "b"})
    True
    """
    n_with = n_without = n_ids = n_labelled = 0
    for slate in slates:
        endings = [token.endswith(_LABELS) for token in slate]
        if all(endings):
            n_with += 1
            n_ids += sum(token in articles for token in slate)
            n_labelled += sum(token[:-2] in articles for token in slate)
        else:
            n_without += 1
    if n_with == n_without:
        return n_labelled > n_ids
    return n_with > n_without and n_ids <= n_labelled


def labelled(slate: Sequence[str]) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """Part the ids of a slate from their labels.

    Raises
    ------
    ValueError
        One has none, or another than 0 or 1; an id is empty or comes twice.

    Examples
    --------
    >>> labelled(["N1-0", "N2-1"])
    (('N1', 'N2'), (False, True))
    """
    for token in slate:
        if not token.endswith(_LABELS) or token[:-2].endswith("-"):
            message = (
                "every candidate must end in -0 or -1, as those of the log's other rows do, "
                f"got {token[:60]!r}"
            )
            raise ValueError(message)
    ids = tuple(token[:-2] for token in slate)
    if "" in ids:
        message = "candidate ids must not be empty, got a bare label"
        raise ValueError(message)
    if len(set(ids)) < len(ids):
        twice = next(one for i, one in enumerate(ids) if one in ids[:i])
        message = f"candidates must differ, got {twice[:60]!r} twice"
        raise ValueError(message)
    return ids, tuple(token.endswith("-1") for token in slate)


def unlabelled(slate: Sequence[str], articles: Container[str]) -> tuple[str, ...]:
    """Return the ids of a slate in a log without labels.

    Raises
    ------
    ValueError
        The row looks as if it had labels, and `news.tsv` does not say that its ids are spelled so.

    Examples
    --------
    >>> unlabelled(["art-1", "b"], ())
    ('art-1', 'b')
    """
    if all(token.endswith(_LABELS) and token not in articles for token in slate):
        message = (
            "candidates must be ids without labels, as those of the log's other rows are, "
            f"got {slate[0][:60]!r}"
        )
        raise ValueError(message)
    return tuple(slate)
