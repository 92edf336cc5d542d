"""The JSON Schemas accept what the codec accepts, and refuse what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage
from cherryrec.events import SlateLabelled
from cherryrec.schemas import message_schema
from cherryrec.topics import TOPICS, Topic
from tests.unit.schemas.messages import MESSAGES

WRONG: dict[str, tuple[Any, ...]] = {
    "string": (7, "", None, ["x"]),
    "integer": (-1, "7", 1.5, None),
    "number": ("7", None, [1.0]),
    "array": ("a1", {}, None, [7]),
    "object": ([], "x", None),
    "boolean": (1, "true", None),
}
BOUNDED = ("minLength", "minimum", "minItems")


def validator(topic: Topic) -> jsonschema.Draft202012Validator:
    schema = message_schema(topic.message)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def is_accepted(topic: Topic, message: Any) -> bool:
    try:
        decode(topic.message, json.dumps(message).encode(), max_bytes=topic.max_message_bytes)
    except BadMessage:
        return False
    return True


def malformed(topic: Topic) -> Iterator[tuple[str, Any]]:
    """Yield the topic's message with one field left out, of another type or out of its bounds."""
    good = json.loads(encode(MESSAGES[topic.name]))
    schema = message_schema(topic.message)["$defs"][topic.message.__name__]
    for name in schema["required"]:
        yield f"without {name}", {key: value for key, value in good.items() if key != name}
    for name, written in schema["properties"].items():
        rules = written.get("anyOf", (written,))[0]
        for wrong in WRONG.get(rules.get("type", ""), ()):
            yield f"{name} {wrong!r}", {**good, name: wrong}
        if rules.get("format") == "date-time":
            yield f"{name} without zone", {**good, name: "2026-01-05T00:00:00"}
        if "maxLength" in rules:
            yield f"{name} too long", {**good, name: "x" * (rules["maxLength"] + 1)}
        if "maxItems" in rules:
            items = [str(number) for number in range(rules["maxItems"] + 1)]
            yield f"{name} too many", {**good, name: items}
    yield "schema 2", {**good, "schema": 2}
    yield "no object", [good]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_real_message_is_valid_and_has_every_field(topic: Topic) -> None:
    message = MESSAGES[topic.name]
    fields = {field.name for field in msgspec.structs.fields(message)}
    raw = json.loads(encode(message))

    validator(topic).validate(raw)
    assert fields - raw.keys() <= {"propensities"}, "the sample says all that can be said"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_schema_and_codec_agree_on_malformed_messages(topic: Topic) -> None:
    check = validator(topic)
    n_refused = 0

    for what, message in malformed(topic):
        accepted = is_accepted(topic, message)
        assert check.is_valid(message) == accepted, f"{topic.name}: {what}"
        n_refused += not accepted

    assert n_refused >= 5


def test_article_twice_in_an_impression_is_refused_by_both() -> None:
    (topic,) = (topic for topic in TOPICS if topic.name == "impressions")
    twice = json.loads(encode(MESSAGES["impressions"])) | {"articles": ["a1", "a1"]}

    assert not validator(topic).is_valid(twice)
    assert not is_accepted(topic, twice)


def test_unknown_field_is_ignored_by_both() -> None:
    (topic,) = (topic for topic in TOPICS if topic.name == "clicks")
    more = json.loads(encode(MESSAGES["clicks"])) | {"campaign": "spring"}

    assert validator(topic).is_valid(more)
    assert is_accepted(topic, more)


@pytest.mark.parametrize("name", ["clicked", "categories"])
def test_a_labelled_slate_says_each_thing_once_an_article(name: str) -> None:
    message = json.loads(encode(MESSAGES["labelled-slates"]))
    message[name] = message[name][:1]

    with pytest.raises(BadMessage, match=f"{name} must be one per article, 2, got 1"):
        decode(SlateLabelled, json.dumps(message).encode())
