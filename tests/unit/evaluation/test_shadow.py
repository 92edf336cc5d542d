"""Slates of the site's own are judged once, by what was said of them before they were clicked."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.cli.shadow import lines
from cherryrec.evaluation.shadow import ShadowRecord, judged
from cherryrec.events import Shadow, SlateLabelled, instant
from tests.worlds import HOUR_S, START_S


def slate(
    name: str,
    ranks: list[int],
    clicked: list[bool],
    *,
    time_s: float = START_S,
    places: list[int] | None = None,
    is_correction: bool = False,
) -> SlateLabelled:
    return SlateLabelled(
        slate_id=name,
        shown_at=instant(time_s),
        articles=tuple(f"a{k}" for k in range(len(ranks))),
        clicked=tuple(clicked),
        categories=("",) * len(ranks),
        is_correction=is_correction,
        origin="slate",
        shadow=Shadow(
            ranks=np.array(ranks, "<i4").tobytes(),
            version=1,
            places=np.array(places or [], "<i4").tobytes(),
            n_kept=50 if places else 0,
        ),
    )


def test_our_order_and_the_sites_are_judged_by_the_same_clicks() -> None:
    one = judged(slate("s", [3, 1, 2], [False, False, True]))

    assert one is not None
    assert one.ours[:2] == (0.5, 0.5)
    assert one.site[:2] == (0.0, pytest.approx(1 / 3))


def test_clicked_articles_are_counted_by_whether_the_catalogue_choice_has_them() -> None:
    one = judged(
        slate("s", [1, 2, 3, 4], [True, True, True, False], places=[3, 30, -1, 0]),
    )

    assert one is not None
    assert (one.n_clicked, one.n_kept, one.n_first) == (3, 2, 1)


@pytest.mark.parametrize(
    "one",
    [
        slate("s", [2, 1], [True, True]),
        slate("s", [2, 1], [True, False], is_correction=True),
    ],
    ids=["no contrast", "corrected"],
)
def test_what_cannot_be_judged_is_counted_apart(one: SlateLabelled) -> None:
    record = ShadowRecord()

    assert record.add(one) is None
    assert (record.n_other, record.hours()) == (1, [])


def test_a_slate_counts_once_and_in_its_hour() -> None:
    record = ShadowRecord()
    for name, hour in (("a", 0), ("b", 0), ("b", 0), ("c", 1)):
        record.add(slate(name, [2, 1], [False, True], time_s=START_S + hour * HOUR_S))

    assert [(hour.start_s - START_S, hour.n) for hour in record.hours()] == [(0.0, 2), (HOUR_S, 1)]
    assert record.whole().means("ours")[0] == 1.0
    assert record.whole().means("site")[0] == 0.0


def test_the_table_has_a_line_an_hour_and_one_of_all() -> None:
    record = ShadowRecord()
    for hour in range(3):
        one = slate(f"s{hour}", [2, 1], [False, True], time_s=START_S + hour * HOUR_S)
        record.add(one)
    record.add(slate("t", [2, 1], [True, False], places=[7, -1]))

    told = lines(record, 2)

    assert [line[:16] for line in told[1:4]] == [
        "2026-01-05 01:00",
        "2026-01-05 02:00",
        "all             ",
    ]
    assert " 75.00 / 25.00" in told[3]
    assert told[3].endswith("1: 100.00 %, 100.00 %")
    assert lines(ShadowRecord())[-1].startswith("each: ours / the site's order")
