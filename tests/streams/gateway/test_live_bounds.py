"""What the page holds has an end, whatever comes."""

from __future__ import annotations

from cherryrec.events import DeadLetter, instant
from streams.gateway.live.judging import OnlineJudge
from streams.gateway.live.latencies import Latencies
from streams.gateway.live.letters import Letters
from streams.gateway.live.models import ModelWatch
from streams.gateway.live.stories import Stories
from streams.gateway.live.windows import WindowedCounts
from tests.streams.gateway.live_records import NOW_S, article, labelled, slate


def test_a_full_bucket_takes_no_new_key_and_counts_what_it_leaves_out() -> None:
    counts: WindowedCounts[int] = WindowedCounts(window_s=10.0, bucket_s=1.0, max_keys=2)

    for key in (1, 2, 3, 3, 1):
        counts.add(key, now_s=0.0)

    assert counts.totals(now_s=0.0) == {1: 2, 2: 1}
    assert counts.n_dropped == 2


def test_a_window_holds_its_buckets_only() -> None:
    counts: WindowedCounts[str] = WindowedCounts(window_s=10.0, bucket_s=1.0)

    for second in range(1_000):
        counts.add("a", now_s=float(second))

    assert counts.totals(now_s=999.0)["a"] == 10
    assert len(counts._buckets) == 10


def test_requests_without_an_answer_leave() -> None:
    latencies = Latencies(window_s=60.0, max_open=10)

    for number in range(1_000):
        latencies.requested(f"r{number}", NOW_S)

    assert len(latencies._open) == 10


def test_slates_that_wait_for_labels_are_bounded_and_the_rest_counted() -> None:
    judge = OnlineJudge(max_open=4, expires_s=60.0)

    for number in range(10):
        judge.answered(slate(f"r{number}", "ab"), now_s=NOW_S)

    assert judge.n_passed_over == 6
    judge.answered(slate("later", "ab"), now_s=NOW_S + 61.0)
    judge.labelled(labelled("later", "ab", clicked="b"), now_s=NOW_S + 62.0)
    assert judge.hour.means(now_s=NOW_S + 62.0)["ours"][0] == 0.0


def test_letters_of_more_reasons_than_are_kept_are_counted() -> None:
    letters = Letters("c.")

    for number in range(1_000):
        letter = DeadLetter(
            reason=f"no field {number}",
            source_topic="c.clicks",
            source_partition=0,
            source_offset=number,
            received_at=instant(NOW_S),
        )
        letters.add(letter, now_s=NOW_S)

    assert letters.n(now_s=NOW_S) == 1_000
    assert len(letters.newest) == 20


def test_the_articles_heard_of_longest_ago_leave() -> None:
    stories = Stories(max_known=3)

    for name in "abcd":
        stories.published(article(name))

    assert len(stories) == 3
    assert stories.known("a") is None


def test_a_long_history_of_models_is_thinned_and_keeps_its_start() -> None:
    watch = ModelWatch(every_s=1.0, max_points=8)

    for version in range(100):
        snapshot = b'{"model":"cherryrec","version":%d,"n_examples":0}' % version
        watch.add(snapshot, at_s=NOW_S + version)

    points = watch.points()
    assert len(points) <= 9
    assert points[0].version == 0
    assert points[-1].version == 99
