"""CnLE's gain by history length: who belongs where, and that nothing else is compared."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.evaluation.history import gain_by_history
from cherryrec.evaluation.intervals import Interval, mean_interval
from cherryrec.evaluation.metrics import PrequentialMetrics


def rankings(n: int) -> tuple[PrequentialMetrics, PrequentialMetrics]:
    """Two rankings of n impressions: one knows something, the other nothing."""
    rng = np.random.default_rng(0)
    full, without = PrequentialMetrics(), PrequentialMetrics()
    for number in range(n):
        labels = (np.arange(6) == rng.integers(6)).astype(int)
        noise = rng.random(6)
        full.add(float(number), noise + 0.5 * labels, list("abcdef"), labels)
        without.add(float(number), noise, list("abcdef"), labels)
    return full, without


def test_every_number_of_articles_has_one_length() -> None:
    n_read = [0, 1, 5, 6, 20, 21, 50, 51, 900]
    full, without = rankings(len(n_read))

    table = gain_by_history(full, without, n_read, part="whole log", first=0, seed=0)

    found = {row.length: row.n for row in table.rows}
    assert found == {"0": 1, "1-5": 2, "6-20": 2, "21-50": 2, "over 50": 2, "all": 9}


def test_a_gain_is_the_paired_difference_of_its_impressions() -> None:
    full, without = rankings(90)
    n_read = np.arange(90) % 30

    table = gain_by_history(full, without, n_read, part="the end", first=40, seed=7)

    few = next(row for row in table.rows if row.length == "1-5")
    chosen = np.flatnonzero((n_read >= 1) & (n_read <= 5) & (np.arange(90) >= 40))
    ours, theirs = (one.values()[chosen, 0] for one in (full, without))
    assert few.n == len(chosen)
    wanted = mean_interval(ours - theirs, seed=7)
    assert list(few.gain) == pytest.approx(list(wanted), abs=1e-7, nan_ok=True)
    assert few.full.mean - few.without.mean == pytest.approx(few.gain.mean, abs=1e-7)
    assert table.part == "the end"
    assert table.rows[-1].n == 50


def test_an_empty_length_has_no_numbers() -> None:
    full, without = rankings(3)

    table = gain_by_history(full, without, [3, 3, 3], part="whole log", first=0, seed=0)

    empty = table.rows[0]
    assert (empty.length, empty.n) == ("0", 0)
    assert np.isnan(empty.gain).all()
    assert not empty.is_significant


def test_a_handful_of_impressions_tells_nothing() -> None:
    full, without = rankings(9)

    table = gain_by_history(full, without, [3] * 9, part="whole log", first=0, seed=0)

    assert table.rows[-1].gain.mean > 0
    assert not table.rows[-1].is_significant
    assert Interval(0.1, 0.05, 0.2).excludes_zero
