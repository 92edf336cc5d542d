"""An ended request is labelled from the features it was scored by, until that is safe."""

from __future__ import annotations

from itertools import permutations

import msgspec
import numpy as np
import pytest

from cherryrec.events import Example, FeedbackTick, SlateLabelled, instant
from cherryrec.features import FEATURE_SET, column
from cherryrec.open_requests import Frozen
from cherryrec.pipeline import Effects, EvaluatorConfig, MemoryStore, PipelineConfig, Position
from cherryrec.stored_requests import encode_frozen, frozen_key, user_key
from tests.unit.pipeline.answers import CLOCK_S, WINDOW_S, question
from tests.worlds import START_S, click, impression, liked, offsets, pipeline_of, request

CORRECTION_S = PipelineConfig().feedback.correction_s
LABEL_AFTER_S = PipelineConfig().feedback.label_after_s


def labels(effects: Effects) -> tuple[Example, SlateLabelled]:
    """The example and the labelled slate of one ended request, nothing else."""
    assert [send.topic for send in effects.sends] == ["examples", "labelled-slates"]
    example, slate = (send.event for send in effects.sends)
    assert isinstance(example, Example)
    assert isinstance(slate, SlateLabelled)
    assert (slate.articles, slate.clicked) == (example.articles, example.clicked)
    return example, slate


def test_a_click_labels_the_features_frozen_at_scoring() -> None:
    pipeline = pipeline_of(6)
    at = offsets()
    pipeline.request(at(), request("r"), clock_s=CLOCK_S)
    pipeline.impression(at(), impression("i", ["a0", "a1", "a2"], START_S + 1, request_id="r"))
    for k in range(50):  # the world moves on
        pipeline.impression(at(), impression(f"x{k}", ["a0"], START_S + 2, user_id="v"))
    pipeline.click(at(), click("a1", START_S + 5, impression_id="i"))

    open_time = FeedbackTick(partition=0, time=instant(START_S + 1 + LABEL_AFTER_S))
    assert pipeline.tick(open_time).sends == []
    effects = pipeline.tick(FeedbackTick(partition=0, time=instant(START_S + 2 + LABEL_AFTER_S)))

    example, slate = labels(effects)
    assert example.example_id == "r:1"
    assert (slate.slate_id, slate.is_correction) == ("r", False)
    assert slate.categories == ("weather", "politics", "sport")
    assert example.clicked == (False, True, False)
    assert example.feature_set == FEATURE_SET
    features = np.frombuffer(example.features, "<f4").reshape(3, -1)
    assert not features[:, column("views_24h")].any()

    pipeline.forget(effects.closed)
    assert [e.n_labelled for e in pipeline.users.requests(0, "u").entries] == [1]
    after = START_S + 2 + WINDOW_S + CORRECTION_S
    pipeline.forget(pipeline.tick(FeedbackTick(partition=0, time=instant(after))).closed)
    assert pipeline.users.requests(0, "u").entries == ()


@pytest.mark.parametrize("name", ["i", None])
@pytest.mark.parametrize("order", list(permutations(("request", "impression", "click"))))
def test_topics_may_be_read_in_any_order(order: tuple[str, ...], name: str | None) -> None:
    """After a takeover, or in a backlog, an impression may be read before its request is again.

    A click that names no impression once labelled nothing if it was read before it.
    """
    pipeline = pipeline_of(6)
    at = offsets()
    for topic in order:
        if topic == "request":
            asked = request("r", candidates=("a0", "a1"))  # what was clicked is not selected anew
            pipeline.request(at(), asked, clock_s=CLOCK_S)
        elif topic == "impression":
            shown = impression("i", ["a0", "a1"], START_S + 1, request_id="r")
            pipeline.impression(at(), shown)
        else:
            pipeline.click(at(), click("a1", START_S + 5, impression_id=name))

    effects = pipeline.tick(FeedbackTick(partition=0, time=instant(START_S + 2 * WINDOW_S)))

    example, _ = labels(effects)
    clicked = dict(zip(example.articles, example.clicked, strict=True))
    assert clicked == {"a0": False, "a1": True}
    pipeline.forget(effects.closed)
    state = pipeline.users.requests(0, "u")
    assert (state.early_impressions, state.unnamed) == ((), ())


def test_an_answer_never_shown_is_forgotten_in_time() -> None:
    pipeline = pipeline_of(4)
    pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S)

    effects = pipeline.tick(FeedbackTick(partition=0, time=instant(START_S + WINDOW_S + 3_601)))
    pipeline.forget(effects.closed)

    assert effects.sends == []
    assert pipeline.users.requests(0, "u").entries == ()


def test_windows_and_deadlines_come_back_after_a_crash() -> None:
    store = MemoryStore()
    config = PipelineConfig(evaluator=EvaluatorConfig(enabled=True))
    first = pipeline_of(6, config=config)
    first.users._requests = store
    at = offsets()
    asked = question(first.request(at(), request("r1"), clock_s=CLOCK_S))
    first.evaluation(at(), liked(asked, "a1"))
    first.impression(at(), impression("i", ["a0", "a1"], request_id="r1"))
    first.click(at(), click("a1", START_S + 1, impression_id="i"))
    first.request(at(), request("r2"), clock_s=CLOCK_S + 1)

    restored = pipeline_of(6, config=config)
    restored.users._requests = store
    items = [(user, raw) for (_, user), raw in store.values.items()]
    pending = restored.restore(0, items)

    assert [(p.expires_at, p.request_id) for p in pending] == [(CLOCK_S + 3, "r2")]
    effects = restored.tick(FeedbackTick(partition=0, time=instant(START_S + 2 * WINDOW_S)))
    assert labels(effects)[0].example_id == "r1:1"


def test_an_example_is_sent_again_until_it_is_safe() -> None:
    pipeline = pipeline_of(6)
    at = offsets()
    pipeline.request(at(), request("r"), clock_s=CLOCK_S)
    pipeline.impression(at(), impression("i", ["a0", "a1"], request_id="r"))
    pipeline.click(at(), click("a1", impression_id="i"))
    tick = FeedbackTick(partition=0, time=instant(START_S + 2 * WINDOW_S))
    first = labels(pipeline.tick(tick))

    store = pipeline.users._requests  # a crash before the example was acknowledged
    assert isinstance(store, MemoryStore)
    pipeline.restore(0, [(user, raw) for (_, user), raw in store.values.items()])

    assert labels(pipeline.tick(tick)) == first


def test_features_that_no_request_names_are_dropped_at_restore() -> None:
    """They are written before the record that names them: a crash may come between the two."""
    pipeline = pipeline_of(6)
    store = pipeline.users._requests
    assert isinstance(store, MemoryStore)
    pipeline.request(Position(0, 0), request("r"), clock_s=CLOCK_S)
    whole = dict(store.values)
    pipeline.request(Position(0, 1), request("s"), clock_s=CLOCK_S)
    store.values[0, user_key("u")] = whole[0, user_key("u")]

    pipeline.restore(0, [(user, raw) for (_, user), raw in store.values.items()])

    assert store.values == whole
    pipeline.request(Position(0, 1), request("s"), clock_s=CLOCK_S)
    assert pipeline.users.frozen(0, "u", "s").articles


def test_requests_stored_in_the_first_version_go_on() -> None:
    pipeline = pipeline_of(6)
    at = offsets()
    pipeline.request(at(), request("r"), clock_s=CLOCK_S)
    pipeline.impression(at(), impression("i", ["a0", "a1"], request_id="r"))
    pipeline.click(at(), click("a1", impression_id="i"))
    store = pipeline.users._requests
    assert isinstance(store, MemoryStore)
    state, frozen = pipeline.users.requests(0, "u"), pipeline.users.frozen(0, "u", "r")
    before, state = state, msgspec.structs.replace(state, clicked_offset=-1)  # it had none
    pipeline.users.keep_requests(0, "u", before, state)
    now = dict(store.values)
    (entry,) = (list(msgspec.structs.astuple(e)) for e in state.entries)
    entry[3:3] = [frozen.articles, frozen.features, frozen.metrics, frozen.dropped]
    rest = ([("i9", "a1", START_S)], state.exposures, state.early_impressions)
    first = msgspec.msgpack.encode([[entry], *rest])

    store.values = {(0, "u"): first}
    pipeline.restore(0, [("u", first)])

    stored = Frozen(frozen.articles, frozen.features, frozen.metrics, frozen.dropped)
    now[0, frozen_key("u", "r")] = encode_frozen(stored)  # it had nothing to retrieve by
    assert store.values == now
    tick = FeedbackTick(partition=0, time=instant(START_S + 2 * WINDOW_S))
    assert labels(pipeline.tick(tick))[0].example_id == "r:1"
