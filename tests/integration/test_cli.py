"""The commands on a real Kafka: what they send, print, explain and refuse."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from cherryrec.codec import dead_letter, decode, encode
from cherryrec.events import Click, Event, Recommendation, Recommended, instant
from cherryrec.topics import CHANGELOGS, TOPICS, topic_named
from streams.admin import create_topics, topic_settings
from streams.config import KafkaConfig
from streams.records import Record, TopicReader, TopicWriter
from tests.commands import Ended, run_command
from tests.worlds import START_S, article, click

ROOT = Path(__file__).resolve().parents[2]


class Topics:
    """Topics of one test's own, and commands that use them."""

    def __init__(self, servers: str, prefix: str) -> None:
        self.kafka = KafkaConfig(bootstrap_servers=servers, prefix=prefix, partitions=3)
        create_topics(self.kafka)

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        places = ("--bootstrap-servers", self.kafka.bootstrap_servers)
        return run_command(*arguments, *places, "--prefix", self.kafka.prefix, stdin=stdin)

    def records(self, topic: str) -> list[Record]:
        with TopicReader(self.kafka, topic) as reader:
            return list(reader.until_now())

    def put(self, topic: str, *events: Event) -> None:
        for event in events:
            self.put_raw(topic, topic_named(topic).key_of(event), encode(event))

    def put_raw(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        refusals: list[Exception] = []
        with TopicWriter(self.kafka, topic) as writer:
            writer.send(key, value, refused=refusals.append)
            writer.flush()
        assert not refusals


@pytest.fixture
def topics(
    kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Topics]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CHERRYREC_")]:
        monkeypatch.delenv(name)
    yield Topics(kafka, prefix)


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 15.0
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def slate(
    name: str, user_id: str = "u1", *, at_s: float = START_S, score: float = 0.5
) -> Recommendation:
    items = tuple(
        Recommended(
            article_id=f"a{number}",
            position=number,
            score=score,
            news_value=0.25,
            contributions={"age": -0.25, "ctr_1h": 0.75},
        )
        for number in range(2)
    )
    return Recommendation(request_id=name, user_id=user_id, requested_at=instant(at_s), slate=items)


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
    assert "(articles, impressions, clicks, profile-updates, requests)" in refused.err
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
    assert ended.err.startswith("partition 0, offset 1: Input data was truncated")


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


def test_explain_rebuilds_the_score_of_every_article(topics: Topics) -> None:
    topics.put("articles", article(0, title="The old"), article(0, title="The\x1b[31m new"))
    topics.put("recommendations", slate("r1"), slate("r2", "u2"), slate("r1", at_s=START_S + 1))

    ended = topics.run("explain", "r1", "--user", "u1")

    assert ended.code == 0
    assert ended.out.startswith("request r1 of user u1\n")
    assert instant(START_S + 1).isoformat() in ended.out
    assert "1. a0 “The [31m new”: score +0.500000" in ended.out
    assert "2. a1: score +0.500000" in ended.out
    assert ended.out.count("sum +0.500000000 = score +0.500000000 (within 1e-09)") == 2


def test_explain_fails_where_the_sum_is_not_the_score(topics: Topics) -> None:
    topics.put("recommendations", slate("r1", score=0.51))

    ended = topics.run("explain", "r1")

    assert ended.code == 1
    assert "IS NOT score +0.510000000" in ended.out
    assert "contributions must sum to the score within 1e-09, they do not for a0, a1" in ended.err


@pytest.mark.parametrize("arguments", [("r9",), ("r1", "--user", "u2")])
def test_explain_says_why_a_slate_may_not_be_there(
    topics: Topics, arguments: tuple[str, ...]
) -> None:
    topics.put("recommendations", slate("r1"))

    ended = topics.run("explain", *arguments)

    assert ended.code == 1
    assert f"no recommendation for request '{arguments[0]}'" in ended.err
    assert "among the 1 on" in ended.err
    assert "kept for 24 h" in ended.err


def test_erase_forgets_the_user_and_says_what_it_cannot(topics: Topics) -> None:
    topics.put("recommendations", slate("r1"), slate("r2"), slate("r3", "u2"))
    topics.put("clicks", click("a1", user_id="u1"))

    ended = topics.run("erase", "u1", "--yes")

    assert ended.code == 0
    assert [(one.key, one.value) for one in topics.records("profile-updates")] == [(b"u1", None)]
    last = {one.key: one.value for one in topics.records("recommendations")}
    assert last[b"u1"] is None
    assert last[b"u2"] is not None
    assert "erased: 2 recommendations, by a tombstone on" in ended.out
    day = datetime.now(UTC) + timedelta(days=7)
    assert f"  events on {topics.kafka.prefix}clicks: until {day:%Y-%m-%d}" in ended.out
    assert "cannot be unlearned: what the models' weights" in ended.out

    again = topics.run("erase", "u1", "--yes")
    assert f"nothing of the user on {topics.kafka.prefix}recommendations" in again.out


def test_nothing_is_erased_or_retracted_without_a_yes(topics: Topics) -> None:
    topics.put("articles", article(1, title="The title"))

    erased = topics.run("erase", "u1", stdin="n\n")
    retracted = topics.run("retract", "a1", stdin="n\n")
    closed = topics.run("retract", "a9")

    assert (erased.code, retracted.code, closed.code) == (130, 130, 130)
    assert "erase user 'u1' from" in erased.out
    assert "retract article 'a1' “The title” on" in retracted.out
    assert "retract article 'a9', which is not published, on" in closed.out
    assert topics.records("profile-updates") == []
    assert len(topics.records("articles")) == 1


def test_retract_sends_the_tombstone(topics: Topics) -> None:
    ended = topics.run("retract", "a1", stdin="y\n")

    assert ended.code == 0
    assert [(one.key, one.value) for one in topics.records("articles")] == [(b"a1", None)]
    assert ended.out.endswith("Slates that were sent already still name it\n")


def test_topics_are_created_once_and_are_as_they_must_be(kafka: str, prefix: str) -> None:
    place = ("--bootstrap-servers", kafka, "--prefix", prefix)

    first, second = (run_command("topics", "create", *place) for _ in range(2))
    checked = run_command("topics", "check", *place)

    assert (first.code, second.code, checked.code) == (0, 0, 0)
    assert first.out.endswith(f"{len(TOPICS) + len(CHANGELOGS)} topics created on {kafka}\n")
    assert second.out == f"0 topics created on {kafka}\n"
    assert checked.out == "all topics are as they must be\n"


def test_topics_check_names_every_mismatch(kafka: str, prefix: str) -> None:
    place = ("--bootstrap-servers", kafka, "--prefix", prefix)
    wrong = [
        ("impressions", 5, {}),
        ("articles", 1, {"cleanup.policy": "delete"}),
        ("requests", 4, {"retention.ms": "1000"}),
    ]
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    for name, n_partitions, settings in wrong:
        admin.create_topics(
            [
                NewTopic(
                    prefix + name,
                    num_partitions=n_partitions,
                    replication_factor=1,
                    topic_configs=topic_settings(topic_named(name)) | settings,
                )
            ]
        )
    wait_until(lambda: {prefix + name for name, *_ in wrong} <= set(admin.list_topics()))
    assert run_command("topics", "create", *place).code == 0
    admin.delete_topics([f"{prefix}clicks"])
    wait_until(lambda: f"{prefix}clicks" not in admin.list_topics())
    admin.close()

    ended = run_command("topics", "check", *place)

    assert ended.code == 1
    assert sorted(ended.out.splitlines()) == [
        f"{prefix}articles: cleanup.policy must be compact, got delete",
        f"{prefix}articles: max.compaction.lag.ms must be 86400000, got none",
        f"{prefix}clicks: topic must be there, got none",
        f"{prefix}impressions: partitions must be 4, got 5",
        f"{prefix}requests: retention.ms must be 86400000, got 1000",
    ]
    assert "5 topic settings" in ended.err


def test_doctor_finds_kafka_and_what_its_topics_lack(topics: Topics) -> None:
    # The topics were made with 3 partitions, the settings want 4.
    ended = topics.run("doctor")

    assert ended.code == 1
    assert f"ok       kafka: answers at {topics.kafka.bootstrap_servers}\n" in ended.out
    assert f"wrong    topics: {topics.kafka.prefix}clicks: partitions must be 4, got 3" in ended.out
    assert ended.err.startswith("cherryrec: error: needed and not ok: topics")
