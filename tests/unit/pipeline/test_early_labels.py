"""A slate is labelled soon after it was shown, and again by each click that comes later."""

from __future__ import annotations

import pytest

from cherryrec.events import Click
from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.slates import SlatesConfig
from tests.unit.pipeline.labelling import Worker
from tests.worlds import START_S, click, impression, request

WINDOW_S, LABEL_AFTER_S, CORRECTION_S = 1_800.0, 60.0, 600.0
SHOWN = ["a0", "a1", "a2"]

SOON = click("a1", START_S + 5.0, impression_id="i", event_id="soon")
LATER = click("a2", START_S + 900.0, impression_id="i", event_id="later")
LAST = click("a0", START_S + WINDOW_S + 300.0, impression_id="i", event_id="last")


def worker(*, label_after_s: float = LABEL_AFTER_S) -> Worker:
    feedback = FeedbackConfig(
        attribution_window_s=WINDOW_S, label_after_s=label_after_s, correction_s=CORRECTION_S
    )
    slates = SlatesConfig(max_articles=64, max_slates=2_048)
    return Worker(6, PipelineConfig(feedback=feedback, slates=slates))


def ask(one: Worker) -> None:
    one.pipeline.request(Position(0, 0), request("r"), clock_s=0.0)


def show(one: Worker) -> None:
    ask(one)
    one.follow(one.pipeline.impression(Position(0, 0), impression("i", SHOWN, request_id="r")))


def read(one: Worker, *clicks: Click, offset: int = 0) -> None:
    """Read clicks, each when event time has come to it."""
    for k, each in enumerate(clicks):
        one.tick(each.clicked_at.timestamp())
        one.follow(one.pipeline.click(Position(0, offset + k), each))


def test_a_click_is_learned_a_minute_after_its_slate() -> None:
    one = worker()
    show(one)
    read(one, SOON)
    one.tick(START_S + LABEL_AFTER_S)
    assert one.sent == []

    one.tick(START_S + LABEL_AFTER_S + 1.0)

    assert one.examples() == [("r:1", (False, True, False))]
    assert one.slates() == [("r", (False, True, False), False)]


def test_a_later_click_is_learned_when_it_comes_and_nobody_counts_it_twice() -> None:
    one = worker()
    show(one)

    read(one, LATER)

    assert one.examples() == [("r:1", (False, False, True))]
    assert one.slates() == [("r", (False, False, True), False)], "nobody has its slate yet"
    read(one, LAST, offset=1)
    assert one.examples()[1:] == [("r:2", (True, False, True))]
    assert one.slates()[1:] == [("r", (True, False, True), True)]


@pytest.mark.parametrize("clicks", [(SOON, LATER), (LATER, LAST), (SOON, LATER, LAST)])
def test_the_counts_end_as_in_hindsight(clicks: tuple[Click, ...]) -> None:
    one, hindsight = worker(), worker(label_after_s=WINDOW_S)
    for each in (one, hindsight):
        show(each)
    read(one, *clicks)
    for offset, each in enumerate(clicks):
        hindsight.follow(hindsight.pipeline.click(Position(0, offset), each))
    for each in (one, hindsight):
        each.tick(START_S + WINDOW_S + CORRECTION_S - 1.0)

    assert one.examples()[-1][1] == hindsight.examples()[-1][1]
    assert (one.pipeline.slates.wins == hindsight.pipeline.slates.wins).all()
    ours, theirs = (each.exposures().category_records() for each in (one, hindsight))
    assert ours.tolist() == theirs.tolist()


def test_a_slate_leaves_when_no_click_can_come() -> None:
    one = worker()
    show(one)
    read(one, SOON)
    one.tick(START_S + WINDOW_S + CORRECTION_S)
    assert [e.n_labelled for e in one.pipeline.users.requests(0, "u").entries] == [1]

    one.tick(START_S + WINDOW_S + CORRECTION_S + 1.0)

    assert one.pipeline.users.requests(0, "u").entries == ()
    assert len(one.examples()) == 1


def test_a_click_alone_waits_for_its_slate_as_long_as_its_window() -> None:
    one = worker()
    ask(one)
    read(one, SOON)
    one.tick(START_S + LABEL_AFTER_S + 10.0)
    assert one.examples() == []

    one.follow(one.pipeline.impression(Position(0, 0), impression("i", SHOWN, request_id="r")))

    assert one.examples() == [("r:1", (False, True, False))]
