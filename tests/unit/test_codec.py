"""Null is absent, a mark is passed over, and what is no JSON is called what it is."""

from __future__ import annotations

import gzip
import json
import pickle
import zlib

import pytest

from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage
from cherryrec.events import ArticlePublished, Event, RecommendationRequest
from cherryrec.topics import TOPICS, Topic
from tests.unit.schemas.messages import MESSAGES

ARTICLE = {"article_id": "n1", "title": "T", "category": "c"}
INPUTS = [topic for topic in TOPICS if topic.is_input]


def optional(message: type[Event]) -> set[str]:
    required = {"article_id", "title", "category", "impression_id", "user_id", "articles"}
    required |= {"inquiry_id", "asked_at", "kind"}
    required |= {"shown_at", "event_id", "clicked_at", "updated_at", "request_id", "requested_at"}
    return set(message.__struct_fields__) - required - {"schema"}


@pytest.mark.parametrize("topic", INPUTS, ids=lambda topic: topic.name)
def test_null_in_any_optional_field_means_absent(topic: Topic) -> None:
    full = json.loads(encode(MESSAGES[topic.name]))
    names = optional(topic.message)
    absent = {name: value for name, value in full.items() if name not in names}
    nulls = absent | dict.fromkeys(names)

    assert decode(topic.message, json.dumps(nulls).encode()) == decode(
        topic.message, json.dumps(absent).encode()
    )


@pytest.mark.parametrize("name", ["abstract", "body", "entities"])
def test_null_texts_and_lists_of_an_article_are_absent(name: str) -> None:
    raw = json.dumps({**ARTICLE, name: None}).encode()

    assert decode(ArticlePublished, raw) == ArticlePublished(**ARTICLE)  # type: ignore[arg-type]


def test_null_in_a_required_field_is_refused_by_name() -> None:
    raw = json.dumps({**ARTICLE, "title": None, "body": None}).encode()

    with pytest.raises(BadMessage, match=r"Expected `str`, got `null` - at `\$.title`"):
        decode(ArticlePublished, raw)


def test_null_slate_size_and_exclusions_are_the_defaults() -> None:
    raw = (
        b'{"request_id":"r","user_id":"u","requested_at":"2026-01-05T00:00:00Z",'
        b'"slate_size":null,"exclude":null,"candidates":null,"deadline_ms":null}'
    )

    request = decode(RecommendationRequest, raw)

    assert (request.slate_size, request.exclude, request.candidates) == (10, (), None)


@pytest.mark.parametrize("fields", [{}, {"body": None}])
def test_a_byte_order_mark_is_passed_over(fields: dict[str, None]) -> None:
    raw = json.dumps(ARTICLE | fields).encode("utf-8-sig")

    assert decode(ArticlePublished, raw).article_id == "n1"


PLAIN = json.dumps(ARTICLE).encode()
FOREIGN = {
    "registry": (b"\x00\x00\x00\x01\x02" + PLAIN, "schema registry's header (magic byte 0, sch"),
    "registry_avro": (b"\x00\x00\x00\x00\x07\x02\x06abc", "magic byte 0, schema 7"),
    "gzip": (gzip.compress(PLAIN), "looks compressed with gzip"),
    "zlib": (zlib.compress(PLAIN), "looks compressed with zlib"),
    "utf16": (json.dumps(ARTICLE).encode("utf-16"), "looks like UTF-16"),
    "utf16le": (json.dumps(ARTICLE).encode("utf-16-le"), "looks like UTF-16"),
    "utf16be": (json.dumps(ARTICLE).encode("utf-16-be"), "looks like UTF-16"),
    "utf32": (json.dumps(ARTICLE).encode("utf-32-be"), "looks like UTF-16 or UTF-32"),
    "latin1": (json.dumps({**ARTICLE, "title": "é"}, ensure_ascii=False).encode("latin-1"), "UTF"),
    "avro_file": (b"Obj\x01\x04\x14avro.codec", "an Avro container file"),
    "avro": (b"\x06abc\x02T\x02c", "binary data, not JSON (begins with 06 61 62 63"),
    "protobuf": (b"\x0a\x03abc\x12\x01T", "binary data"),
    "msgpack": (b"\x83\xa5title\xa1T", "binary data"),
    "pickle": (pickle.dumps(ARTICLE), "binary data"),
    "blank": (b" \n", "only white space"),
    "cut": (PLAIN[:-3], "JSON ends too early, after"),
    "python": (str(ARTICLE).encode(), "JSON has double quotes"),
    "nan": (b'{"article_id":"n1","title":"T","category":"c","x":NaN}', "JSON has no such number"),
    "two": (PLAIN + b"\n" + PLAIN, "more follows after the message"),
    "comma": (PLAIN[:-1] + b",}", "a comma too many"),
    "xml": (b"<article/>", "looks like XML"),
    "twice": (json.dumps(PLAIN.decode()).encode(), "was it encoded twice?"),
    "connect": (json.dumps({"schema": {}, "payload": ARTICLE}).encode(), "schemas.enable=false"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_message_is_called_what_it_is(name: str) -> None:
    raw, said = FOREIGN[name]

    with pytest.raises(BadMessage) as refused:
        decode(ArticlePublished, raw)

    assert said in str(refused.value)
    assert "invalid character" not in str(refused.value)
