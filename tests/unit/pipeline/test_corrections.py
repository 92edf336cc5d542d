"""A late click corrects what was said of its slate, as if it had been known in time."""

from __future__ import annotations

import pytest

from cherryrec.events import Click, Example, SlateLabelled
from cherryrec.exposures import Exposures
from cherryrec.pipeline import Position
from tests.unit.pipeline.labelling import CORRECTION_S, WINDOW_S, Worker, stored
from tests.worlds import START_S, click, impression, request

AFTER_S = START_S + WINDOW_S + 1.0


def shown(*clicks: Click) -> Worker:
    """One slate of three, shown at START_S, with these clicks; its window has not ended."""
    worker = Worker(6)
    worker.pipeline.request(Position(0, 0), request("r"), clock_s=0.0)
    slate = impression("i", ["a0", "a1", "a2"], request_id="r")
    worker.follow(worker.pipeline.impression(Position(0, 0), slate))
    for offset, one in enumerate(clicks):
        worker.follow(worker.pipeline.click(Position(0, offset), one))
    return worker


def tastes(exposures: Exposures) -> dict[int, object]:
    return {key: (c, pytest.approx(e)) for key, c, e in exposures.category_records().tolist()}


IN_TIME = click("a1", START_S + 5.0, impression_id="i")
LATE = click("a2", AFTER_S + 60.0, impression_id="i")


def test_a_late_click_corrects_example_slate_and_exposures() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S)
    assert worker.examples() == [("r:1", (False, True, False))]
    before = worker.exposures()

    worker.follow(worker.pipeline.click(Position(0, 1), LATE))

    assert worker.examples()[1:] == [("r:2", (False, True, True))]
    assert worker.slates() == [
        ("r", (False, True, False), False),
        ("r", (False, True, True), True),
    ]
    hindsight = shown(IN_TIME, LATE)
    hindsight.tick(AFTER_S)
    assert tastes(worker.exposures()) == tastes(hindsight.exposures()) != tastes(before)
    assert (worker.pipeline.slates.wins == hindsight.pipeline.slates.wins).all()


def test_a_slate_nobody_had_clicked_is_new_when_a_late_click_comes() -> None:
    """Not a correction: nobody has its slate yet."""
    worker = shown()
    worker.tick(AFTER_S)
    assert worker.sent == []

    worker.follow(worker.pipeline.click(Position(0, 0), LATE))

    assert worker.examples() == [("r:1", (False, False, True))]
    assert worker.slates() == [("r", (False, False, True), False)]
    assert worker.pipeline.slates.wins.sum() == 2.0


def test_after_the_correction_nothing_is_kept_and_no_slate_changes() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S)
    worker.tick(AFTER_S + CORRECTION_S)
    assert worker.pipeline.users.requests(0, "u").entries == ()

    effects = worker.pipeline.click(Position(0, 1), LATE)

    (send,) = (one for one in effects.sends if one.topic != "co-reads")
    assert isinstance(send.event, Example)
    assert (send.event.origin, send.event.articles) == ("click", ("a2",)), "its slate is forgotten"


def test_a_late_click_without_its_impressions_name_finds_it_too() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S)

    worker.follow(worker.pipeline.click(Position(0, 1), click("a2", AFTER_S + 60.0)))

    assert worker.examples()[-1] == ("r:2", (False, True, True))


def test_a_click_while_labels_are_on_their_way_corrects_them() -> None:
    """It was once taken in without a word: neither the labels sent nor any later ones knew it."""
    worker = shown(IN_TIME)
    closing = worker.tick(AFTER_S, is_safe=False)

    worker.follow(worker.pipeline.click(Position(0, 1), LATE))
    worker.pipeline.forget(closing.closed)

    assert [name for name, _ in worker.examples()] == ["r:1", "r:2"]
    assert worker.slates()[-1] == ("r", (False, True, True), True)
    hindsight = shown(IN_TIME, LATE)
    hindsight.tick(AFTER_S)
    assert tastes(worker.exposures()) == tastes(hindsight.exposures())


def test_a_window_that_ends_while_another_is_on_its_way_leaves_it_alone() -> None:
    """The other was once closed twice, and forgotten before corrections could come."""
    worker = shown(IN_TIME)
    worker.pipeline.request(Position(0, 1), request("r2", START_S + 1.0), clock_s=0.0)
    second = impression("i2", ["a3", "a4"], START_S + 60.0, request_id="r2")
    worker.follow(worker.pipeline.impression(Position(0, 1), second))

    first = worker.tick(AFTER_S, is_safe=False)
    both = worker.tick(AFTER_S + 60.0, is_safe=False)
    for effects in (first, both):
        worker.pipeline.forget(effects.closed)

    assert [(one.request_id, one.n_clicks) for one in both.closed] == [("r2", 0)]
    entries = worker.pipeline.users.requests(0, "u").entries
    assert [(e.request_id, e.n_labelled) for e in entries] == [("r", 1), ("r2", 0)]


def restarted(state: dict[tuple[int, str], bytes], worker: Worker) -> Worker:
    """Another worker after a crash: what was stored, and what the topics hold."""
    other = Worker(6)
    other.learner, other.sent = worker.learner, list(worker.sent)
    other.requests.values.update(state)
    other.pipeline.restore(0, [(user, raw) for (_, user), raw in state.items()])
    for event in worker.sent:
        if isinstance(event, SlateLabelled):
            other.pipeline.labelled(event)
    return other


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_kill_around_the_correction_sends_it_again_and_changes_nothing(is_stored: bool) -> None:
    """Another agent's drain may store a click before its correction is sent, or after it."""
    worker = shown(IN_TIME)
    worker.tick(AFTER_S)
    before = stored(worker)
    worker.follow(worker.pipeline.click(Position(0, 1), LATE))
    assert worker.learner.n_examples == 2
    whole = worker.exposures()

    other = restarted(stored(worker) if is_stored else before, worker)
    wins = other.pipeline.slates.wins.copy()
    other.follow(other.pipeline.click(Position(0, 1), LATE))

    assert other.sent[-2:] == other.sent[-4:-2]  # example and slate, byte for byte
    assert worker.learner.n_examples == 2
    assert (other.pipeline.slates.wins == wins).all()
    assert tastes(other.exposures()) == tastes(whole)
    assert other.exposures().articles == whole.articles


def test_a_kill_before_the_labels_are_safe_loses_no_late_click() -> None:
    worker = shown(IN_TIME)
    worker.tick(AFTER_S, is_safe=False)
    worker.pipeline.click(Position(0, 1), LATE)  # stored, its correction not sent

    other = restarted(stored(worker), worker)
    other.tick(AFTER_S + 120.0)

    assert other.examples()[-1] == ("r:2", (False, True, True))
    assert other.slates()[-1] == ("r", (False, True, True), False)
    assert other.pipeline.slates.wins.sum() == 2.0
