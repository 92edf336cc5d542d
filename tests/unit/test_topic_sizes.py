"""What the system itself sends fits its topic, however long the ids are."""

from __future__ import annotations

from cherryrec.codec import decode, encode
from cherryrec.events import Event, Example, SlateLabelled, instant
from cherryrec.events.inputs import MAX_CANDIDATES
from cherryrec.features import ALL_FEATURES
from cherryrec.knrs import N_SIGNALS
from cherryrec.text import SENTENCE_DIMENSIONS
from cherryrec.topics import topic_named
from tests.worlds import START_S

LONGEST = tuple(f"{number:04d}{'𝄞' * 252}" for number in range(MAX_CANDIDATES))


def fits(topic: str, event: Event) -> bool:
    limit = topic_named(topic).max_message_bytes
    return decode(type(event), encode(event), max_bytes=limit) == event


def test_longest_example_fits_its_topic() -> None:
    n = len(LONGEST)
    example = Example(
        example_id=LONGEST[0],
        user_id=LONGEST[0],
        shown_at=instant(START_S),
        articles=LONGEST,
        clicked=(True,) * n,
        feature_set="f",
        features=bytes(4 * len(ALL_FEATURES) * n),
        metrics=bytes(4 * 5 * n),
        signals=bytes(4 * N_SIGNALS * n),
        scores=bytes(4 * n),
        reader=bytes(2 * SENTENCE_DIMENSIONS),
        titles=bytes(SENTENCE_DIMENSIONS * n),
    )

    assert fits("examples", example)


def test_longest_labelled_slate_fits_its_topic() -> None:
    slate = SlateLabelled(
        slate_id=LONGEST[0],
        shown_at=instant(START_S),
        articles=LONGEST,
        clicked=(True,) * len(LONGEST),
        categories=LONGEST,
    )

    assert fits("labelled-slates", slate)
