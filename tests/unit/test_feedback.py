"""The feedback join: which clicks label which exposure, in any order, and when windows end."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.events import Click, Example, Impression
from cherryrec.feedback import (
    UNSHOWN_S,
    FeedbackConfig,
    ended,
    ends_s,
    entry_of,
    example_of,
    n_clicked,
    note_click,
    note_impression,
    note_opened,
)
from cherryrec.open_requests import Frozen, OpenRequest, OpenRequests, with_entry
from cherryrec.stored_requests import decode_open, encode_open
from tests.worlds import START_S, click, impression

WINDOW_S = 600.0
CORRECTION_S = 900.0
LAST_S = START_S + WINDOW_S + CORRECTION_S
CONFIG = FeedbackConfig(attribution_window_s=WINDOW_S, correction_s=CORRECTION_S)


def answered(name: str, **fields: Any) -> OpenRequest:
    return OpenRequest(name, START_S, 10, **fields)


def frozen_of(*articles: str) -> Frozen:
    """Return what is frozen of a request whose features are its candidates' places."""
    places = np.arange(len(articles), dtype="<f4")
    return Frozen(articles, places[:, None].tobytes(), np.tile(places[:, None], (1, 5)).tobytes())


def joined(state: OpenRequests, *events: Impression | Click) -> OpenRequests:
    for event in events:
        if isinstance(event, Impression):
            state, _ = note_impression(state, event, CONFIG)
        else:
            state = note_click(state, event, CONFIG)
    return state


def labels(state: OpenRequests, *articles: str) -> Example | None:
    entry = state.entries[0]
    return example_of(entry, frozen_of(*articles), user_id="u", feature_set="f")


def test_the_order_of_an_impression_and_its_clicks_does_not_matter() -> None:
    events: tuple[Impression | Click, ...] = (
        impression("i", ["c", "a", "b"], request_id="r"),
        click("a", START_S + 10, impression_id="i"),
        click("b", START_S + 20, impression_id="i"),
    )
    for order in permutations(events):
        example = labels(joined(OpenRequests((answered("r"),)), *order), "a", "b", "c", "d")

        assert example is not None
        assert (example.articles, example.clicked) == (("c", "a", "b"), (False, True, True))
        assert np.frombuffer(example.features, "<f4").tolist() == [2.0, 0.0, 1.0]
        assert np.frombuffer(example.metrics, "<f4").reshape(3, 5)[:, 0].tolist() == [2, 0, 1]


def test_an_impression_without_request_id_shows_the_request_of_its_name() -> None:
    state = joined(OpenRequests((answered("i"),)), impression("i", ["a"]))

    assert state.entries[0].shown_s == START_S


def test_a_second_impression_of_a_request_changes_nothing() -> None:
    once = joined(OpenRequests((answered("r"),)), impression("i", ["a"], request_id="r"))

    again, shown = note_impression(
        once, impression("i2", ["a"], START_S + 5, request_id="r"), CONFIG
    )

    assert shown is None
    assert again is once


def test_a_click_without_impression_goes_to_the_newest_that_shows_it_in_time() -> None:
    state = joined(
        OpenRequests((answered("r1"), answered("r2"))),
        impression("i1", ["a", "b"], START_S, request_id="r1"),
        impression("i2", ["b"], START_S + 60, request_id="r2"),
    )

    state = joined(state, click("a", START_S + 70), click("b", START_S + 70))
    assert [e.clicked for e in state.entries] == [("a",), ("b",)]

    assert joined(state, click("b", START_S - 1)) is state  # before it was shown
    assert joined(state, click("b", LAST_S + 60 + 1)) is state
    assert joined(state, click("z", START_S + 70)) is state


def test_a_click_after_the_window_corrects_until_corrections_end() -> None:
    shown = joined(OpenRequests((answered("r"),)), impression("i", ["a"], request_id="r"))

    for name in ("i", None):
        for time_s in (START_S + WINDOW_S, START_S + WINDOW_S + 1, LAST_S):
            one = click("a", time_s, impression_id=name)
            assert joined(shown, one).entries[0].clicked == ("a",)
            found = entry_of(shown, one, CONFIG)
            assert found is shown.entries[0]
        late = click("a", LAST_S + 1, impression_id=name)
        assert joined(shown, late) is shown
        assert entry_of(shown, late, CONFIG) is None


def test_a_click_before_its_impression_may_be_as_late_as_one_after_it() -> None:
    state = joined(
        OpenRequests((answered("r"),)),
        click("a", LAST_S + 1, impression_id="i"),
        click("b", START_S + 5, impression_id="i"),
        click("c", LAST_S, impression_id="i"),
        impression("i", ["a", "b", "c"], request_id="r"),
    )

    assert state.entries[0].clicked == ("b", "c")
    assert state.early_clicks == ()


def test_an_early_click_read_again_waits_once() -> None:
    state = joined(OpenRequests(), click("a", impression_id="i"))

    assert joined(state, click("a", impression_id="i")) is state


def test_an_example_is_named_by_how_many_clicks_it_knows() -> None:
    state = joined(
        OpenRequests((answered("r"),)),
        impression("i", ["a", "b"], request_id="r"),
        click("a", impression_id="i"),
        click("elsewhere", impression_id="i"),
    )
    corrected = joined(state, click("b", LAST_S, impression_id="i"))

    names = [
        (one.example_id, n_clicked(s.entries[0], frozen_of("a", "b")))
        for s in (state, corrected)
        if (one := labels(s, "a", "b")) is not None
    ]
    assert names == [("r:1", 1), ("r:2", 2)]


def test_early_clicks_are_few_and_leave_with_time() -> None:
    state = OpenRequests()
    for k in range(20):
        state = joined(state, click(f"a{k}", START_S + k, impression_id=f"i{k}"))
    assert len(state.early_clicks) == 8
    assert state.early_clicks[-1] == ("i19", "a19", START_S + 19)

    later = START_S + 20 + WINDOW_S + UNSHOWN_S
    state = joined(state, click("b", later, impression_id="j"))

    assert [name for name, _, _ in state.early_clicks] == ["j"]


def test_early_impressions_are_few_and_leave_with_time() -> None:
    state = OpenRequests()
    for k in range(10):
        state = joined(state, impression(f"i{k}", ["a"], START_S + k))
    assert [one.impression_id for one in state.early_impressions] == ["i6", "i7", "i8", "i9"]
    assert joined(state, state.early_impressions[2]) is state, "read again"
    assert decode_open(encode_open(state)) == state

    state = joined(state, impression("j", ["a"], START_S + 9 + UNSHOWN_S))

    assert [one.impression_id for one in state.early_impressions] == ["i9", "j"]


def test_early_impression_opens_its_own_request_only() -> None:
    state = joined(OpenRequests(), impression("i", ["a"], START_S + 5, request_id="r"))
    other, own = answered("q"), answered("r")

    unchanged, none = note_opened(state, other, CONFIG)
    assert (unchanged, none) == (state, None)
    opened_by, shown = note_opened(with_entry(state, own), own, CONFIG)

    assert shown is not None
    assert (shown.impression_id, shown.shown_s, shown.shown) == ("i", START_S + 5, ("a",))
    assert (opened_by.entries, opened_by.early_impressions) == ((shown,), ())


def test_a_click_counts_once() -> None:
    state = joined(
        OpenRequests((answered("r"),)),
        impression("i", ["a", "b"], request_id="r"),
        click("a", impression_id="i"),
    )

    assert joined(state, click("a", START_S + 1, impression_id="i")) is state


def test_an_impression_without_clicks_makes_no_example() -> None:
    state = joined(OpenRequests((answered("r"),)), impression("i", ["a"], request_id="r"))

    assert labels(state, "a") is None
    assert labels(OpenRequests((answered("r"),)), "a") is None


def test_an_article_shown_beside_the_slate_is_left_out_of_the_example() -> None:
    state = joined(
        OpenRequests((answered("r"),)),
        impression("i", ["advert", "b", "a"], request_id="r"),
        click("a", impression_id="i"),
    )

    example = labels(state, "a", "b")
    assert example is not None
    assert (example.articles, example.clicked) == (("b", "a"), (False, True))


def test_a_request_ends_after_its_window_and_never_while_pending() -> None:
    shown = answered("shown", shown_s=START_S + 60)
    unshown = answered("unshown")
    pending = answered("pending", expires_at=1.0)
    state = OpenRequests((pending, unshown, shown))

    def ended_before(time_s: float) -> list[str]:
        return [e.request_id for e in ended(state, before_s=time_s, config=CONFIG)]

    assert ends_s(shown, CONFIG) == START_S + 60 + WINDOW_S
    assert ends_s(unshown, CONFIG) == START_S + WINDOW_S + UNSHOWN_S
    assert ended_before(START_S + 60 + WINDOW_S) == []
    assert ended_before(START_S + 61 + WINDOW_S) == ["shown"]
    assert ended_before(START_S + 1e9) == ["unshown", "shown"]


def test_a_labelled_request_ends_a_second_time_when_corrections_do() -> None:
    state = OpenRequests((answered("r", shown_s=START_S, n_labelled=0),))

    assert ended(state, before_s=LAST_S, config=CONFIG) == []
    assert ended(state, before_s=LAST_S + 1, config=CONFIG) == list(state.entries)


@pytest.mark.parametrize("wrong", [-1.0, float("nan")])
@pytest.mark.parametrize("name", ["attribution_window_s", "correction_s"])
def test_a_window_below_zero_is_refused(name: str, wrong: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be at least 0, got {wrong}"):
        FeedbackConfig(**{name: wrong})
