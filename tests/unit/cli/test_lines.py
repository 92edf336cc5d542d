"""Message files: every line a message or a reason, with its number."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import pytest

from cherryrec.cli.lines import Line, count_lines, read_lines, tombstone_line
from cherryrec.cli.send import as_record, writable_topic
from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ConfigError
from cherryrec.events import ArticlePublished
from cherryrec.topics import TOPICS, topic_named
from tests.worlds import click

CLICKS = topic_named("clicks")
GOOD = encode(click("a1"))


def test_lines_are_messages_or_reasons_by_number(tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl"
    file.write_bytes(GOOD + b'\r\n\n{"user_id": 7}\n' + GOOD)

    lines = list(read_lines(file, CLICKS))

    assert [(line.number, line.event is None) for line in lines] == [
        (1, False),
        (3, True),
        (4, False),
    ]
    assert "Expected `str`, got `int`" in lines[1].reason


def test_packed_file_is_read_as_the_plain_one(tmp_path: Path) -> None:
    (tmp_path / "clicks.jsonl").write_bytes(GOOD + b"\n")
    (tmp_path / "clicks.jsonl.gz").write_bytes(gzip.compress(GOOD + b"\n"))

    plain, packed = (
        list(read_lines(tmp_path / name, CLICKS)) for name in ("clicks.jsonl", "clicks.jsonl.gz")
    )

    assert plain == packed


def test_line_longer_than_the_topic_allows_is_refused_and_the_next_one_read(
    tmp_path: Path,
) -> None:
    file = tmp_path / "clicks.jsonl"
    file.write_bytes(b'{"x":"' + b"x" * (3 << 20) + b'"}\n' + GOOD + b"\n")

    long, good = read_lines(file, CLICKS)

    assert "value too long: wanted at most 1048576 bytes" in long.reason
    assert (good.number, good.event is not None) == (2, True)


def test_file_cut_short_is_said_to_be_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl.gz"
    file.write_bytes(gzip.compress(GOOD * 1_000)[:-20])

    with pytest.raises(ConfigError, match=r"clicks\.jsonl\.gz' must be a readable file"):
        list(read_lines(file, CLICKS))


def test_only_plain_files_are_counted_ahead(tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl"
    file.write_bytes(b"a\nb\n")

    assert count_lines(file) == 2
    assert count_lines(tmp_path / "clicks.jsonl.gz") is None


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_only_what_sites_write_is_sent_unless_asked(topic: object) -> None:
    name = topic.name  # type: ignore[attr-defined]
    inputs = {"articles", "impressions", "clicks", "profile-updates", "requests", "inquiries"}

    if name in inputs:
        assert writable_topic(name, internal=False).name == name
    else:
        with pytest.raises(ConfigError, match="articles, impressions, clicks, profile-updates"):
            writable_topic(name, internal=False)
    assert writable_topic(name, internal=True).name == name


def test_tombstone_is_a_line_of_topics_that_have_them(tmp_path: Path) -> None:
    articles = topic_named("articles")
    file = tmp_path / "articles.jsonl"
    file.write_text(tombstone_line("B4", articles) + "\n" + '{"key":"","tombstone":"x"}\n')

    retracted, nameless = read_lines(file, articles)
    (refused,) = list(read_lines(file, CLICKS))[:1]

    assert as_record(retracted, articles) == (b"B4", None)
    assert "missing required field `article_id`" in nameless.reason
    assert refused.reason.startswith("tombstones mean something on articles, profile-updates,")


def test_message_with_a_field_called_tombstone_is_a_message(tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl"
    file.write_bytes(GOOD[:-1] + b',"tombstone":"none","key":"k"}\n')

    (line,) = read_lines(file, CLICKS)

    assert line.event is not None


def test_message_that_is_too_long_with_all_its_fields_is_refused(tmp_path: Path) -> None:
    articles = topic_named("articles")
    body = json.dumps({"article_id": "a", "title": "t", "category": "c", "body": "é" * 500_000})
    raw = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))
    room = articles.max_message_bytes - len(raw.encode())
    assert room > 0

    line = Line(1, decode(ArticlePublished, raw.encode()))
    too_long = dataclasses.replace(articles, max_message_bytes=len(raw.encode()))

    assert as_record(line, articles)[0] == b"a"
    with pytest.raises(BadMessage, match="value too long: wanted at most"):
        as_record(line, too_long)
