"""What `send` puts on a topic `tail` prints, and both name what is wrong."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from cherryrec.codec import dead_letter, decode, encode
from cherryrec.events import Click
from tests.commands import run_command
from tests.integration.own_topics import Topics, slate
from tests.worlds import START_S, article, click, update

ROOT = Path(__file__).resolve().parents[2]


def test_good_lines_are_sent_with_their_key_and_bad_ones_named(topics: Topics) -> None:
    good = [click("a1", user_id="u1"), click("a2", user_id="u2"), click("a3", user_id="u1")]
    lines = [encode(one).decode() for one in good]
    lines.insert(1, '{"schema":9}')
    Path("clicks.jsonl").write_text("\n".join(lines))

    ended = topics.run("send", "clicks.jsonl", "--topic", "clicks")

    assert ended.code == 1
    assert ended.out == f"3 messages sent to {topics.kafka.prefix}clicks\n"
    first, last = ended.err.splitlines()
    assert first == "line 2: Invalid enum value 9 - at `$.schema`"
    assert last.startswith("cherryrec: error: 1 of 4 messages of 'clicks.jsonl' were not sent")
    found = topics.records("clicks")
    assert {encode(decode(Click, one.value)) for one in found} == {encode(one) for one in good}
    assert {one.key for one in found} == {b"u1", b"u2"}
    assert len({one.partition for one in found if one.key == b"u1"}) == 1


def test_packed_file_and_standard_input_are_sent_too(topics: Topics) -> None:
    Path("articles.jsonl.gz").write_bytes(gzip.compress(encode(article(1)) + b"\n"))

    packed = topics.run("send", "articles.jsonl.gz", "--topic", "articles")
    piped = topics.run("send", "-", "--topic", "articles", stdin=encode(article(2)).decode())

    assert (packed.code, piped.code) == (0, 0)
    assert [one.key for one in topics.records("articles")] == [b"a1", b"a2"]


def test_topic_of_the_system_is_not_written_unless_asked(topics: Topics) -> None:
    line = encode(slate("r1")).decode()

    refused = topics.run("send", "-", "--topic", "recommendations", stdin=line)
    allowed = topics.run("send", "-", "--topic", "recommendations", "--internal", stdin=line)

    assert refused.code == 2
    assert "(articles, impressions, clicks, profile-updates, requests, inquiries)" in refused.err
    assert allowed.code == 0
    assert [one.key for one in topics.records("recommendations")] == [b"u1"]


def test_topic_that_is_not_there_is_an_error_that_says_so(topics: Topics) -> None:
    ended = run_command(
        *("tail", "clicks", "--prefix", "nobody."),
        *("--bootstrap-servers", topics.kafka.bootstrap_servers),
    )

    assert ended.code == 1
    assert "topic 'nobody.clicks' must be on" in ended.err


def test_tail_prints_what_send_takes(topics: Topics) -> None:
    sent = [click(f"a{n}", user_id=f"u{n % 2}") for n in range(6)]
    topics.put("clicks", *sent)

    ended = topics.run("tail", "clicks", "--from-start", "--timeout", "1")
    again = topics.run("send", "-", "--topic", "clicks", stdin=ended.out)

    assert ended.code == 0
    assert {line.encode() for line in ended.out.splitlines()} == {encode(one) for one in sent}
    assert again.out.startswith("6 messages sent")


def test_tail_shows_one_user_and_ends_at_the_limit(topics: Topics) -> None:
    topics.put("clicks", *(click(f"a{n}", user_id=f"u{n % 2}") for n in range(6)))

    ended = topics.run("tail", "clicks", "--from-start", "--user", "u1", "--limit", "2")

    assert ended.code == 0
    assert [json.loads(line)["user_id"] for line in ended.out.splitlines()] == ["u1", "u1"]


def test_tail_without_from_start_shows_nothing_of_before(topics: Topics) -> None:
    topics.put("clicks", click("a1"))

    assert topics.run("tail", "clicks", "--timeout", "0.5").out == ""


def test_tail_ends_cleanly_at_ctrl_c(topics: Topics) -> None:
    places = ("--bootstrap-servers", topics.kafka.bootstrap_servers)
    command = (sys.executable, "-m", "cherryrec.cli", "tail", "clicks", "--from-start", *places)
    topics.put("clicks", click("a1"))

    with subprocess.Popen(
        [*command, "--prefix", topics.kafka.prefix],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)

    assert first.rstrip() == encode(click("a1"))
    assert (process.returncode, rest, errors) == (0, b"", b"")


def test_tail_shows_tombstones_and_names_what_is_no_message(topics: Topics) -> None:
    topics.put_raw("articles", b"a7", None)
    topics.put_raw("articles", b"a8", b"{")

    ended = topics.run("tail", "articles", "--from-start", "--timeout", "1")

    assert json.loads(ended.out) == {"key": "a7", "tombstone": "retracts the article"}
    assert ended.err.startswith("partition 0, offset 1: JSON ends too early, after 1 bytes")


def test_retracted_article_stays_so_when_the_topic_is_printed_and_sent_again(
    topics: Topics,
) -> None:
    topics.put("articles", article(1), article(2))
    topics.put_raw("articles", b"a1", None)

    printed = topics.run("tail", "articles", "--from-start", "--timeout", "1")
    again = topics.run("send", "-", "--topic", "articles", stdin=printed.out)

    assert (again.code, again.err) == (0, "")
    assert {one.key: one.value for one in topics.records("articles")}[b"a1"] is None


def test_record_that_the_topic_refuses_takes_no_other_along(topics: Topics) -> None:
    name = f"{topics.kafka.prefix}profile-updates"
    admin = KafkaAdminClient(bootstrap_servers=topics.kafka.bootstrap_servers)
    limit = {"max.message.bytes": "2000"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, limit)])
    admin.close()
    updates = [encode(update(f"u{n}", role="r" * (5_000 if n == 3 else 5))) for n in range(50)]

    ended = topics.run(
        "send", "-", "--topic", "profile-updates", stdin=b"\n".join(updates).decode()
    )

    assert ended.code == 1
    assert ended.err.startswith("line 4: a record of")
    assert "must have at most 2,000 bytes" in ended.err
    assert len(topics.records("profile-updates")) == 49


def test_tail_shows_the_bytes_of_a_dead_letter_as_text(topics: Topics) -> None:
    letter = dead_letter(
        "not JSON",
        topic="cherryrec.clicks",
        partition=0,
        offset=7,
        key=b"u1",
        value=b'{"user_id": \xff',
        received_s=START_S,
    )
    topics.put("dead-letters", letter)

    ended = topics.run("tail", "dead-letters", "--from-start", "--user", "u1", "--limit", "1")

    shown = json.loads(ended.out)
    assert (shown["reason"], shown["key"]) == ("not JSON", "u1")
    assert shown["value"] == '{"user_id": \\xff'
