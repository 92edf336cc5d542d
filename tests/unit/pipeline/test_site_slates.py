"""The site's own slates and clicks alone become examples of what was known before them."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.events import Example, SlateLabelled
from cherryrec.features import column
from cherryrec.feedback import FeedbackConfig
from cherryrec.open_requests import MAX_OPEN
from cherryrec.pipeline import Effects, MemoryStore, PipelineConfig, Position
from cherryrec.pipeline.site_slates import MAX_FROZEN
from cherryrec.slates import SlatesConfig
from tests.unit.pipeline.answers import CLOCK_S
from tests.unit.pipeline.labelling import CORRECTION_S, WINDOW_S, Worker
from tests.worlds import START_S, click, impression, offsets, request

SLATES = SlatesConfig(max_articles=64, max_slates=2_048)


def worker(n_articles: int = 6, **feedback: object) -> Worker:
    windows = {
        "attribution_window_s": WINDOW_S,
        "label_after_s": WINDOW_S,
        "correction_s": CORRECTION_S,
    }
    config = FeedbackConfig(**(windows | feedback))  # type: ignore[arg-type]
    return Worker(n_articles, PipelineConfig(feedback=config, slates=SLATES))


def examples(one: Worker) -> list[Example]:
    return [event for event in one.sent if isinstance(event, Example)]


def labels(one: Worker) -> dict[str, dict[str, bool]]:
    return {e.example_id: dict(zip(e.articles, e.clicked, strict=True)) for e in examples(one)}


def feature(example: Example, name: str) -> dict[str, float]:
    matrix = np.frombuffer(example.features, "<f4").reshape(len(example.articles), -1)
    return dict(zip(example.articles, matrix[:, column(name)].tolist(), strict=True))


def end(one: Worker, after_s: float = START_S + WINDOW_S + 60.0) -> Effects:
    return one.tick(after_s)


def test_a_slate_of_the_sites_own_becomes_an_example_by_what_was_known_before_it() -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(at(), impression("before", ["a0"], START_S, user_id="v"))

    effects = one.pipeline.impression(at(), impression("i", ["a2", "a0", "a1"], START_S + 1))
    one.pipeline.click(at(), click("a1", START_S + 5, impression_id="i"))
    end(one)

    assert effects.taken == "frozen"
    (example,) = examples(one)
    assert (example.example_id, example.origin) == ("slate:i:1", "slate")
    assert example.articles == ("a2", "a0", "a1"), "the order is the site's"
    assert example.clicked == (False, False, True)
    views = feature(example, "views_24h")
    assert views["a0"] > 0
    assert views["a1"] == views["a2"] == 0, "its own views are not among them"
    (slate,) = [event for event in one.sent if isinstance(event, SlateLabelled)]
    assert (slate.slate_id, slate.origin, slate.articles) == ("slate:i", "slate", example.articles)
    assert slate.is_given
    assert one.pipeline.slates.site_share == (1 + 0.5) / (1 + 5)


def test_an_impression_of_a_request_of_ours_is_no_slate_of_the_sites() -> None:
    one, at = worker(), offsets()
    one.pipeline.request(at(), request("r", candidates=("a0", "a1")), clock_s=CLOCK_S)
    shown = one.pipeline.impression(at(), impression("i", ["a0", "a1"], request_id="r"))
    one.pipeline.click(at(), click("a1", START_S + 5, impression_id="i"))
    end(one)

    assert shown.taken is None
    assert [(e.example_id, e.origin) for e in examples(one)] == [("r:1", "request")]


@pytest.mark.parametrize("candidates", [("a0", "a1"), None])
def test_a_slate_says_whether_the_site_chose_its_articles(
    candidates: tuple[str, ...] | None,
) -> None:
    one, at = worker(), offsets()
    one.pipeline.request(at(), request("r", candidates=candidates), clock_s=CLOCK_S)
    one.pipeline.impression(at(), impression("i", ["a0", "a1"], request_id="r"))
    one.pipeline.click(at(), click("a1", START_S + 5, impression_id="i"))
    end(one)

    (slate,) = [event for event in one.sent if isinstance(event, SlateLabelled)]
    assert slate.is_given is (candidates is not None)


@pytest.mark.parametrize("named", ["i", "r", None])
def test_a_request_read_after_its_impression_takes_the_slate_over(named: str | None) -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(at(), impression("i", ["a0", "a1"], START_S + 1, request_id="r"))
    one.pipeline.click(at(), click("a1", START_S + 5, impression_id=named))

    one.pipeline.request(at(), request("r", candidates=("a0", "a1")), clock_s=CLOCK_S)
    end(one)

    assert [(e.example_id, e.origin) for e in examples(one)] == [("r:1", "request")]
    assert labels(one)["r:1"] == {"a0": False, "a1": True}
    assert len(one.pipeline.users.requests(0, "u").entries) == 1


def test_an_impression_of_a_request_that_is_none_of_ours_is_the_sites() -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(at(), impression("i", ["a0", "a1"], request_id="theirs"))
    one.pipeline.click(at(), click("a1", START_S + 5, impression_id="theirs"))
    end(one)

    assert labels(one) == {"slate:i:1": {"a0": False, "a1": True}}


@pytest.mark.parametrize("name", ["i", None])
def test_a_click_read_before_its_slate_labels_it_and_is_not_among_its_features(
    name: str | None,
) -> None:
    first, second = worker(), worker()
    shown = impression("i", ["a0", "a1"], START_S + 1)
    clicked = click("a1", START_S + 5, impression_id=name)
    first.pipeline.impression(Position(0, 0), shown)
    first.pipeline.click(Position(0, 0), clicked)
    second.pipeline.click(Position(0, 0), clicked)
    second.pipeline.impression(Position(0, 0), shown)
    end(first)
    end(second)

    assert labels(first) == labels(second) == {"slate:i:1": {"a0": False, "a1": True}}
    assert examples(first)[0].features == examples(second)[0].features
    assert examples(first)[0].metrics == examples(second)[0].metrics


def test_a_click_without_a_name_goes_to_the_newest_slate_that_shows_it() -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(at(), impression("i", ["a0", "a1"], START_S))
    one.pipeline.impression(at(), impression("j", ["a1", "a2"], START_S + 60))
    one.pipeline.click(at(), click("a1", START_S + 90))
    one.pipeline.click(at(), click("a0", START_S + 91))
    end(one, START_S + WINDOW_S + 100)

    assert labels(one) == {
        "slate:i:1": {"a0": True, "a1": False},
        "slate:j:1": {"a1": True, "a2": False},
    }


def test_a_late_click_corrects_a_slate_of_the_sites() -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(at(), impression("i", ["a0", "a1"], START_S))
    one.pipeline.click(at(), click("a0", START_S + 5, impression_id="i"))
    end(one)

    late = click("a1", START_S + WINDOW_S + 30, impression_id="i")
    one.follow(one.pipeline.click(at(), late))

    assert labels(one)["slate:i:2"] == {"a0": True, "a1": True}


def test_a_click_of_no_slate_is_an_example_by_itself() -> None:
    one, at = worker(), offsets()
    one.pipeline.click(at(), click("a3", START_S - 60, user_id="v"))
    effects = one.pipeline.click(at(), click("a3", START_S, event_id="e"))
    one.pipeline.click(at(), click("a3", START_S, event_id="e"))  # sent again
    end(one)
    end(one, START_S + 2 * WINDOW_S + CORRECTION_S)

    assert effects.taken == "frozen"
    mine = [e for e in examples(one) if e.user_id == "u"]
    assert [(e.example_id, e.origin) for e in mine] == [("click:e:1", "click")]
    assert (mine[0].articles, mine[0].clicked) == (("a3",), (True,))
    assert feature(mine[0], "clicks_24h")["a3"] == pytest.approx(np.log1p(1.0), abs=1e-3)
    assert not [event for event in one.sent if isinstance(event, SlateLabelled)]
    assert one.pipeline.users.requests(0, "u").entries == ()


def test_a_slate_that_comes_after_its_click_was_learned_leaves_the_article_out() -> None:
    one, at = worker(), offsets()
    one.pipeline.click(at(), click("a1", START_S + 5, event_id="e"))
    end(one)
    assert list(labels(one)) == ["click:e:1"]

    asked = request("r", START_S, candidates=("a0", "a1", "a2"))
    one.pipeline.request(at(), asked, clock_s=CLOCK_S)
    shown = impression("i", ["a0", "a1", "a2"], START_S, request_id="r")
    one.follow(one.pipeline.impression(at(), shown))
    late = click("a2", START_S + 6, impression_id="i")
    one.follow(one.pipeline.click(at(), late))
    end(one, START_S + WINDOW_S + 120)

    assert labels(one)["r:1"] == {"a0": False, "a2": True}


def test_what_is_too_late_is_counted_and_not_learned() -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(at(), impression("new", ["a0"], START_S + 5_000, user_id="v"))

    shown = one.pipeline.impression(at(), impression("i", ["a1", "a2"], START_S))
    clicked = one.pipeline.click(at(), click("a3", START_S, event_id="e"))

    assert (shown.taken, clicked.taken) == ("too_late", "too_late")
    assert (shown.counted, clicked.counted) == ("applied", "applied")
    assert one.pipeline.users.requests(0, "u").entries == ()


def test_an_event_ten_minutes_behind_is_taken_as_of_the_newest() -> None:
    """As of its own time a click of a quarter of an hour later would be worth more than one."""
    one, at = worker(attribution_window_s=1_800.0, label_after_s=1_800.0), offsets()
    one.pipeline.impression(at(), impression("new", ["a1"], START_S + 900, user_id="v"))
    one.pipeline.click(at(), click("a1", START_S + 900, user_id="v"))
    one.pipeline.impression(at(), impression("i", ["a1", "a2"], START_S))
    one.pipeline.click(at(), click("a1", START_S + 901, impression_id="i"))
    end(one, START_S + 1_900.0)

    (example,) = [e for e in examples(one) if e.origin == "slate"]
    assert feature(example, "clicks_10m")["a1"] == pytest.approx(np.log1p(1.0), abs=1e-6)


def test_a_slate_of_a_thousand_articles_keeps_the_first_and_the_clicked() -> None:
    one, at = worker(), offsets()
    shown = [f"x{k}" for k in range(1_000)]
    one.pipeline.click(at(), click("x700", START_S + 3, impression_id="i"))
    one.pipeline.impression(at(), impression("i", shown, START_S))
    one.pipeline.click(at(), click("x999", START_S + 5, impression_id="i"))
    one.pipeline.click(at(), click("x0", START_S + 6, impression_id="i"))
    end(one)

    (example,) = examples(one)
    assert example.articles == (*shown[:MAX_FROZEN], "x700", "x999")
    clicked = [
        a for a, is_clicked in zip(example.articles, example.clicked, strict=True) if is_clicked
    ]
    assert clicked == ["x0", "x700", "x999"]
    (length,) = set(feature(example, "context_slate").values())
    assert length == pytest.approx(np.log1p(MAX_FROZEN + 1), abs=1e-6)


def test_a_retracted_article_is_not_learned_of_and_a_slate_of_none_but_such_is_none() -> None:
    one, at = worker(), offsets()
    one.pipeline.article("a1", None, now=START_S)
    one.pipeline.impression(at(), impression("i", ["a0", "a1", "a2"], START_S))
    one.pipeline.click(at(), click("a0", START_S + 5, impression_id="i"))
    none = one.pipeline.impression(at(), impression("j", ["a1"], START_S))
    end(one)

    assert none.taken == "no_article"
    assert labels(one) == {"slate:i:1": {"a0": True, "a2": False}}


def test_an_erased_reader_leaves_no_slate() -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(Position(0, 0, START_S), impression("i", ["a0", "a1"], START_S))
    one.pipeline.click(Position(0, 0, START_S), click("a3", START_S))
    one.pipeline.profile_update(Position(0, 0, START_S + 10), "u", None)
    again = one.pipeline.impression(Position(0, 1, START_S + 1), impression("j", ["a0"], START_S))
    one.pipeline.click(Position(0, 1, START_S + 1), click("a0", START_S + 1))
    end(one)

    assert again.taken is None
    assert one.sent == []
    store = one.pipeline.users._requests
    assert isinstance(store, MemoryStore)
    assert not [key for _, key in store.values if "u" in key.split("e")[0]]
    assert at is not None


def test_an_impression_read_again_after_its_slate_ended_opens_none() -> None:
    one = worker(correction_s=0.0)
    shown = impression("i", ["a0", "a1"], START_S)
    one.pipeline.impression(Position(0, 3), shown)
    one.pipeline.click(Position(0, 3), click("a0", START_S + 5, impression_id="i", event_id="e"))
    end(one)
    assert one.pipeline.users.requests(0, "u").entries == ()

    one.pipeline.impression(Position(0, 3), shown)
    one.pipeline.click(Position(0, 3), click("a0", START_S + 5, impression_id="i", event_id="e"))
    end(one)

    assert one.pipeline.users.requests(0, "u").entries == ()
    assert list(labels(one)) == ["slate:i:1"]


def test_clicks_alone_make_room_first() -> None:
    one, at = worker(), offsets()
    one.pipeline.impression(at(), impression("i", ["a0", "a1"], START_S))
    for k in range(2 * MAX_OPEN):
        one.pipeline.click(at(), click(f"x{k}", START_S + k))

    entries = one.pipeline.users.requests(0, "u").entries
    assert len(entries) == MAX_OPEN
    assert entries[0].request_id == "slate:i"


@pytest.mark.parametrize(
    ("learn_from", "wanted"),
    [(("request",), []), (("slate",), ["slate"]), (("click", "request"), ["click"])],
)
def test_what_is_learned_from_is_a_setting(learn_from: tuple[str, ...], wanted: list[str]) -> None:
    one, at = worker(learn_from=learn_from), offsets()
    one.pipeline.impression(at(), impression("i", ["a0", "a1"], START_S))
    one.pipeline.click(at(), click("a1", START_S + 1, impression_id="i", user_id="u"))
    one.pipeline.click(at(), click("a4", START_S + 1, user_id="v"))
    end(one)

    assert (
        sorted(
            {e.origin for e in examples(one)} - {"click"}
            | {e.origin for e in examples(one) if e.user_id == "v"}
        )
        == wanted
    )


def test_an_unknown_origin_or_share_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"learn_from must be some of request, slate, click, got"):
        FeedbackConfig(learn_from=("slates",))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"recall_share must be from 0 to 1, got 1\.5"):
        FeedbackConfig(recall_share=1.5)


def test_a_labelled_slate_says_how_we_would_have_ranked_it() -> None:
    one, at = worker(recall_share=1.0), offsets()
    one.pipeline.click(at(), click("a0", START_S - 5, user_id="v"))
    one.pipeline.impression(at(), impression("i", ["a2", "a0", "x"], START_S))
    one.pipeline.click(at(), click("a0", START_S + 5, impression_id="i"))
    end(one)

    (slate,) = [event for event in one.sent if isinstance(event, SlateLabelled)]
    assert slate.shadow is not None
    assert sorted(slate.shadow.rank_array().tolist()) == [1, 2, 3]
    places = dict(zip(slate.articles, slate.shadow.place_array().tolist(), strict=True))
    assert places["x"] == -1, "an article that never was published is not live"
    assert {places["a0"], places["a2"]} < set(range(6))
    assert slate.shadow.n_kept == 6
