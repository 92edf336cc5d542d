"""Malformed input of every kind: written down with its reason and place, counted, passed by."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cherryrec.codec import decode, encode
from cherryrec.events import DeadLetter, Event, instant
from tests.integration.system import INPUTS, System, counts_of
from tests.worlds import START_S, article, click, impression, request, update

pytestmark = pytest.mark.timeout(180)

GOOD: dict[str, Event] = {
    "articles": article(1),
    "profile-updates": update("u", role="editor"),
    "requests": request("r", user_id="u", candidates=["a1", "a2"]),
    "impressions": impression("i", ["a1", "a2"], user_id="u"),
    "clicks": click("a1", user_id="u"),
}
IDS = {
    "articles": ("article_id", "category"),
    "profile-updates": ("user_id",),
    "requests": ("request_id", "user_id"),
    "impressions": ("impression_id", "user_id"),
    "clicks": ("event_id", "user_id", "article_id"),
}
TIMES = {
    "articles": "published_at",
    "profile-updates": "updated_at",
    "requests": "requested_at",
    "impressions": "shown_at",
    "clicks": "clicked_at",
}
KEY = {topic: b"a1" if topic == "articles" else b"u" for topic in INPUTS}
LONG = 2 << 20


@dataclass(frozen=True, slots=True)
class Bad:
    """A message that must be refused, and what its reason must say."""

    topic: str
    kind: str
    reason: str
    value: bytes | None
    key: bytes | None


def with_fields(topic: str, **changes: Any) -> bytes:
    fields = json.loads(encode(GOOD[topic])) | changes
    return json.dumps({k: v for k, v in fields.items() if v != "absent"}).encode()


def bad_messages(topic: str) -> Iterator[Bad]:
    def bad(kind: str, reason: str, value: bytes | None, key: bytes | None = KEY[topic]) -> Bad:
        return Bad(topic, kind, reason, value, key)

    good, when, first = encode(GOOD[topic]), TIMES[topic], IDS[topic][0]
    yield bad("empty", "empty value: wanted a ", b"")
    yield bad("not JSON", "not JSON at byte 1", b"{oops")
    yield bad("cut off", "ends too early", good[:-2])
    yield bad("not an object", "Expected `object`", b"[1, 2]")
    nested = b'"x":' + b"[" * 50_000 + b"]" * 50_000 + b","
    yield bad("nested", "nested too deeply", good.replace(b'"schema"', nested + b'"schema"'))
    marked = with_fields(topic, **{first: "?"})
    yield bad("not UTF-8", "UTF-8", marked.replace(b'"?"', b'"\xff"'))
    yield bad("half a surrogate", "surrogate", marked.replace(b"?", b"\\ud800"))
    yield bad("unknown schema", "$.schema", with_fields(topic, schema=2))
    yield bad("too long", f"got {len(good) + LONG}", good + b" " * LONG)
    yield bad("time in milliseconds", when, with_fields(topic, **{when: 1_767_571_200_000}))
    yield bad("time without a zone", when, with_fields(topic, **{when: "2026-01-05T00:00:00"}))
    yield bad("no time", when, with_fields(topic, **{when: "yesterday"}))
    yield bad("1970", when, with_fields(topic, **{when: "1970-01-01T00:00:00Z"}))
    yield bad("year 3000", when, with_fields(topic, **{when: "3000-01-01T00:00:00Z"}))
    # An article may come a year before it is published; nothing else may be of the future.
    ahead_s = 400 * 86_400 if topic == "articles" else 3_600
    soon = instant(time.time() + ahead_s).isoformat()
    yield bad("of the future", f"{when} must be at most ", with_fields(topic, **{when: soon}))
    for name in IDS[topic]:
        yield bad(
            f"no {name}", f"missing required field `{name}`", with_fields(topic, **{name: "absent"})
        )
        yield bad(f"{name} is a number", f"$.{name}", with_fields(topic, **{name: 7}))
        yield bad(f"{name} is null", f"$.{name}", with_fields(topic, **{name: None}))
        yield bad(f"empty {name}", f"$.{name}", with_fields(topic, **{name: ""}))
        yield bad(f"long {name}", f"$.{name}", with_fields(topic, **{name: "x" * 257}))
    yield bad("key of another", "key must be the ", good, b"another")
    if topic == "articles":  # on the others an event without a key goes by its user
        yield bad("empty key", "key must be the ", good, b"")
    yield bad("key not UTF-8", "key must be UTF-8", good, b"\xff")
    yield bad("endless key", "key must be the ", good, b"k" * (5 << 20))


def more_bad_messages() -> Iterator[Bad]:
    for topic in ("requests", "impressions", "clicks"):
        yield Bad(topic, "null", "empty value: wanted a ", None, b"u")
    for topic in ("articles", "profile-updates"):
        yield Bad(topic, "tombstone of nobody", "key must name what", None, b"")
    special = {
        "clicks": [("dwell_s", -1), ("dwell_s", "NaN"), ("dwell_s", 1e300), ("dwell_s", "long")],
        "requests": [
            ("slate_size", 0),
            ("slate_size", 1_001),
            ("candidates", []),
            ("candidates", [str(n) for n in range(1_001)]),
            ("deadline_ms", -1),
        ],
        "impressions": [
            ("articles", []),
            ("articles", ["a1", "a1"]),
            ("articles", "a1"),
            ("propensities", [0.5]),
            ("propensities", [0.5, 1.5]),
        ],
        "profile-updates": [("history", ["a"] * 1_001), ("fields", [""]), ("role", 5)],
        "articles": [("title", None), ("title", "x" * 20_001), ("entities", ["e"] * 101)],
    }
    for topic, changes in special.items():
        for number, (name, value) in enumerate(changes):
            raw = with_fields(topic, **{name: value}).replace(b'"NaN"', b"NaN")
            reason = "JSON has no such number" if value == "NaN" else name
            yield Bad(topic, f"{name} {number}", reason, raw, KEY[topic])


BAD = [*(bad for topic in INPUTS for bad in bad_messages(topic)), *more_bad_messages()]


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a bad message stood."""

    bad: Bad
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a worker made of all bad messages, with a good one before and after each ten."""

    system: System
    sent: dict[tuple[str, str], Sent]
    letters: dict[tuple[str, int, int], DeadLetter]
    counts: dict[tuple[str, str], int]
    n_letters: int
    n_good: int


@pytest.fixture(scope="module")
def aftermath(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    system = System(kafka, "letters.", tmp_path_factory.mktemp("letters"))
    try:
        worker = system.start()
        good, sent = send_all(system)
        system.wait_all_committed()
        letters = system.dead_letters()
        prefix = system.names.prefix
        by_place = {
            (one.source_topic.removeprefix(prefix), one.source_partition, one.source_offset): one
            for one in letters
        }
        yield Aftermath(system, sent, by_place, counts_of(worker), len(letters), good)
    finally:
        system.stop()


def send_all(system: System) -> tuple[int, dict[tuple[str, str], Sent]]:
    """Send every bad message, compressed, and good ones around them; where each landed."""
    producer = system.producer(compression_type="gzip", max_request_size=16 << 20)
    n_good = 0
    futures = []
    for number, bad in enumerate(BAD):
        if number % 10 == 0:
            for topic, value in good_messages(n_good):
                producer.send(system.names(topic), key=KEY[topic], value=value)
            n_good += 1
        place = producer.send(system.names(bad.topic), key=bad.key, value=bad.value)
        futures.append((bad, place))
    for topic, value in good_messages(n_good):
        producer.send(system.names(topic), key=KEY[topic], value=value)
    sent = {}
    for bad, future in futures:
        place = future.get(timeout=30)
        sent[bad.topic, bad.kind] = Sent(bad, place.partition, place.offset)
    producer.flush()
    producer.close()
    return n_good + 1, sent


def good_messages(number: int) -> Iterator[tuple[str, bytes]]:
    """One valid message of each topic."""
    yield "articles", encode(GOOD["articles"])
    yield "profile-updates", encode(GOOD["profile-updates"])
    yield "requests", encode(request(f"r{number}", user_id="u", candidates=["a1", "a2"]))
    yield "impressions", encode(impression(f"i{number}", ["a1", "a2"], user_id="u"))
    yield "clicks", encode(click("a1", START_S + number, user_id="u"))


@pytest.mark.slow
@pytest.mark.parametrize(("topic", "kind"), [(bad.topic, bad.kind) for bad in BAD])
def test_bad_message_is_written_down_with_reason_and_place(
    aftermath: Aftermath, topic: str, kind: str
) -> None:
    sent = aftermath.sent[topic, kind]

    letter = aftermath.letters[topic, sent.partition, sent.offset]

    assert sent.bad.reason in letter.reason
    assert letter.value_bytes == len(sent.bad.value or b"")
    assert (letter.value or b"") == (sent.bad.value or b"")[: 256 << 10]
    assert (letter.key or b"") == (sent.bad.key or b"")[:1_024]


def test_nothing_else_is_written_down(aftermath: Aftermath) -> None:
    assert aftermath.n_letters == len(BAD) == len(aftermath.letters) == len(aftermath.sent)


def test_all_that_came_in_is_counted_as_good_or_refused(aftermath: Aftermath) -> None:
    n_bad = Counter(bad.topic for bad in BAD)

    assert aftermath.counts == {
        **{(topic, "dead_lettered"): n for topic, n in n_bad.items()},
        **{(topic, "applied"): aftermath.n_good for topic in INPUTS},
    }


def test_good_messages_around_bad_ones_are_answered(aftermath: Aftermath) -> None:
    answers = aftermath.system.recommendations()

    slates = {one.request_id for one in answers if one.refused is None}
    assert slates == {f"r{number}" for number in range(aftermath.n_good)}


def test_refused_request_is_answered_with_the_reason(aftermath: Aftermath) -> None:
    refused = [one for one in aftermath.system.recommendations() if one.refused is not None]

    assert {one.request_id for one in refused} == {"r"}
    assert {(one.degraded, one.slate) for one in refused} == {("request_refused", ())}
    reasons = {one.refused for one in refused}
    assert any("slate_size" in (reason or "") for reason in reasons)


def test_refused_article_is_in_no_slate(aftermath: Aftermath) -> None:
    """The catalogue once took articles under another's key, which `dead-letters` had refused."""
    system = aftermath.system
    system.send("articles", "another", article(7))
    system.send("articles", "a3", article(3))

    def slate() -> set[str]:
        with system.session() as session:
            got = session.ask(request(f"all-{time.monotonic()}", user_id="u"))
        return {item.article_id for item in got.recommendation.slate}

    system.wait_until(lambda: "a3" in slate())
    assert "a7" not in slate()


def test_letters_carry_the_event_they_refused(aftermath: Aftermath) -> None:
    sent = aftermath.sent["clicks", "key of another"]
    letter = aftermath.letters["clicks", sent.partition, sent.offset]

    assert decode(type(GOOD["clicks"]), letter.value) == GOOD["clicks"]
    assert letter.received_at.timestamp() == pytest.approx(time.time(), abs=180)
