"""The feedback join: which clicks label which exposure, in any order, and when windows end."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cherryrec.errors import ConfigError
from cherryrec.events import Click, Example, Impression
from cherryrec.feedback import (
    MAX_UNNAMED,
    UNSHOWN_S,
    FeedbackConfig,
    ended,
    ends_s,
    entry_of,
    example_of,
    is_correctable,
    labelled,
    n_clicked,
    note_click,
    note_impression,
    note_opened,
    opened_with,
    settled,
    without_request,
)
from cherryrec.open_requests import MAX_OPEN, Frozen, OpenRequest, OpenRequests, with_entry
from cherryrec.profile import PastClick, name_key
from cherryrec.stored_requests import decode_open, encode_open
from tests.worlds import START_S, click, impression

WINDOW_S = 600.0
CORRECTION_S = 900.0
LAST_S = START_S + WINDOW_S + CORRECTION_S
CONFIG = FeedbackConfig(
    attribution_window_s=WINDOW_S, label_after_s=WINDOW_S, correction_s=CORRECTION_S
)


def answered(name: str, **fields: Any) -> OpenRequest:
    return OpenRequest(name, START_S, 10, **fields)


def frozen_of(*articles: str) -> Frozen:
    """Return what is frozen of a request whose features are its candidates' places."""
    places = np.arange(len(articles), dtype="<f4")
    return Frozen(articles, places[:, None].tobytes(), np.tile(places[:, None], (1, 5)).tobytes())


def joined(state: OpenRequests, *events: Impression | Click) -> OpenRequests:
    """Join events in the order given, as the pipeline does: clicks are in the history, too."""
    history: tuple[PastClick, ...] = ()
    for event in events:
        if isinstance(event, Impression):
            state, _ = note_impression(state, event, CONFIG, history)
        else:
            past = PastClick(
                event.article_id,
                event.clicked_at.timestamp(),
                named=name_key(event.impression_id),
            )
            history = (*history, past)
            state = note_click(state, event, CONFIG)
    return state


def clicked_of(state: OpenRequests) -> list[list[str]]:
    """What each request is known to have had clicked, by article."""
    return [sorted(labelled(state, entry, CONFIG).clicked) for entry in state.entries]


def labels(state: OpenRequests, *articles: str) -> Example | None:
    entry = state.entries[0]
    return example_of(
        labelled(state, entry, CONFIG), frozen_of(*articles), user_id="u", feature_set="f"
    )


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
    assert clicked_of(state) == [["a"], ["b"]]

    assert joined(state, click("b", START_S - 1)) is state  # before it was shown
    assert joined(state, click("b", LAST_S + 60 + 1)) is state
    assert joined(state, click("z", START_S + 70)) is state


def test_a_click_after_the_window_corrects_until_corrections_end() -> None:
    shown = joined(OpenRequests((answered("r"),)), impression("i", ["a"], request_id="r"))

    for name in ("i", None):
        for time_s in (START_S + WINDOW_S, START_S + WINDOW_S + 1, LAST_S):
            one = click("a", time_s, impression_id=name)
            assert clicked_of(joined(shown, one)) == [["a"]]
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

    assert clicked_of(state) == [["b", "c"]]


def test_a_click_whose_impression_has_not_come_changes_nothing_yet() -> None:
    """It waits in the user's history, which is written with every click anyway."""
    state = OpenRequests((answered("r"),))

    for name in ("i", "r", None):
        assert joined(state, click("a", impression_id=name)) is state


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


def test_unnamed_clicks_are_few_and_leave_with_their_request() -> None:
    names = [f"a{k}" for k in range(100)]
    state = joined(
        OpenRequests((answered("r"),)),
        impression("i", names, request_id="r"),
        *(click(name, START_S + k) for k, name in enumerate(names)),
    )
    assert len(state.unnamed) == MAX_UNNAMED
    assert state.unnamed[-1] == ("a99", START_S + 99)

    assert without_request(state, "r", CONFIG) == OpenRequests()


def test_a_request_that_leaves_takes_its_clicks_along() -> None:
    """None of them falls to an older impression that shows the article, too."""
    state = joined(
        OpenRequests((answered("r1"), answered("r2"))),
        impression("i1", ["a"], START_S, request_id="r1"),
        impression("i2", ["a"], START_S + 60, request_id="r2"),
        click("a", START_S + 70),
    )

    assert clicked_of(without_request(state, "r2", CONFIG)) == [[]]
    full = state
    for k in range(MAX_OPEN):
        full = opened_with(full, answered(f"n{k}"), CONFIG)
    assert full.unnamed == ()


def test_what_is_settled_stays_whatever_is_read_later() -> None:
    state = joined(
        OpenRequests((answered("r1"), answered("r2"))),
        impression("i1", ["a"], START_S, request_id="r1"),
        click("a", START_S + 70),
    )
    known = labelled(state, state.entries[0], CONFIG)

    state = settled(state, msgspec.structs.replace(known, n_labelled=1), CONFIG)
    state = joined(state, impression("i2", ["a"], START_S + 60, request_id="r2"))

    assert clicked_of(state) == [["a"], []]


ARTICLES = ("a", "b", "c")
times = st.integers(0, int(WINDOW_S) - 1)
shows = st.tuples(times, st.sets(st.sampled_from(ARTICLES), min_size=1))
clicks = st.tuples(times, st.sampled_from(ARTICLES), st.sampled_from([None, 0, 1, 2]))


@settings(deadline=None)
@given(
    st.lists(shows, min_size=1, max_size=3, unique_by=lambda one: one[0]),
    st.lists(clicks, max_size=8),
    st.randoms(use_true_random=False),
)
def test_labels_are_the_same_in_any_order(
    shown: list[tuple[int, set[str]]], some: list[tuple[int, str, int | None]], rng: Any
) -> None:
    """A click without a name that was read before its impression once labelled nothing."""
    events: list[Impression | Click] = [
        impression(f"i{k}", sorted(names), START_S + at, request_id=f"r{k}")
        for k, (at, names) in enumerate(shown)
    ]
    for number, (at, article, k) in enumerate(some):
        name = None if k is None else f"i{k}"
        events.append(click(article, START_S + at, impression_id=name, event_id=f"e{number}"))
    state = OpenRequests(tuple(answered(f"r{k}") for k in range(len(shown))))
    wanted = {name: set[str]() for name in ("r0", "r1", "r2")}
    for at, article, k in some:
        if k is not None:
            wanted[f"r{k}"].add(article)
            continue
        before = [(t, n) for n, (t, names) in enumerate(shown) if t <= at and article in names]
        if before:
            wanted[f"r{max(before)[1]}"].add(article)

    rng.shuffle(events)

    assert clicked_of(joined(state, *events)) == [
        sorted(wanted[entry.request_id]) for entry in state.entries
    ]


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


def test_a_shown_request_is_labelled_soon_and_a_click_alone_when_its_window_ends() -> None:
    config = FeedbackConfig(
        attribution_window_s=WINDOW_S, label_after_s=60.0, correction_s=CORRECTION_S
    )
    shown = answered("shown", shown_s=START_S)
    alone = answered("click:c", shown_s=START_S, origin="click", clicked=("a",))
    unshown = answered("unshown")
    known = answered("known", shown_s=START_S, n_labelled=0)
    state = OpenRequests((shown, alone, unshown, known))

    def ended_before(time_s: float) -> list[str]:
        return [e.request_id for e in ended(state, before_s=time_s, config=config)]

    assert ended_before(START_S + 60) == []
    assert ended_before(START_S + 61) == ["shown"]
    assert ended_before(START_S + WINDOW_S + 1) == ["shown", "click:c"]
    assert ended_before(LAST_S + 1) == ["shown", "click:c", "known"]


@pytest.mark.parametrize(
    ("label_after_s", "correction_s", "is_kept"),
    [(60.0, 0.0, True), (WINDOW_S, 0.0, False), (2 * WINDOW_S, 0.0, False), (WINDOW_S, 1.0, True)],
)
def test_what_is_labelled_is_kept_as_long_as_a_click_may_come(
    label_after_s: float, correction_s: float, is_kept: bool
) -> None:
    config = FeedbackConfig(
        attribution_window_s=WINDOW_S, label_after_s=label_after_s, correction_s=correction_s
    )
    assert is_correctable(answered("r", shown_s=START_S), config) is is_kept


def test_a_labelled_request_ends_a_second_time_when_corrections_do() -> None:
    state = OpenRequests((answered("r", shown_s=START_S, n_labelled=0),))

    assert ended(state, before_s=LAST_S, config=CONFIG) == []
    assert ended(state, before_s=LAST_S + 1, config=CONFIG) == list(state.entries)


@pytest.mark.parametrize("wrong", [-1.0, float("nan")])
@pytest.mark.parametrize("name", ["attribution_window_s", "label_after_s", "correction_s"])
def test_a_window_below_zero_is_refused(name: str, wrong: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be at least 0, got {wrong}"):
        FeedbackConfig(**{name: wrong})
