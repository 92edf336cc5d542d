"""Sorting more than is held, keys, lines without an end, and shares that no healthy log has."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.errors import LogError
from cherryrec.evaluation.logs import Health, LogSource
from cherryrec.evaluation.logs import lines as lines_module
from cherryrec.evaluation.logs.health import FEWEST
from cherryrec.evaluation.logs.keys import Keys
from cherryrec.evaluation.logs.lines import text_lines
from cherryrec.evaluation.logs.order import N_MERGED, Placed, in_time_order, without_repeats
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from tests.logs import news, write_clicks, write_mind


def sorted_by_runs(times: list[float], held_bytes: int) -> list[tuple[float, int]]:
    rows = (Placed("a", line, time) for line, time in enumerate(times))
    return [
        (row.event, row.line)
        for row in in_time_order(
            rows, float, key=lambda time: time, size=lambda _: 1, held_bytes=held_bytes
        )
    ]


@given(st.lists(st.integers(0, 5).map(float), max_size=40), st.integers(1, 9))
def test_runs_merge_to_what_one_stable_sort_gives(times: list[float], held_bytes: int) -> None:
    stable = sorted(((time, line) for line, time in enumerate(times)), key=lambda row: row[0])

    assert sorted_by_runs(times, held_bytes) == stable


def test_more_runs_than_are_merged_at_once_keep_the_order() -> None:
    times = [float(n % 7) for n in range(2 * N_MERGED + 5)]

    assert sorted_by_runs(times, 1) == sorted_by_runs(times, 10**9)


def test_of_equal_rows_the_first_stays() -> None:
    rows = [Placed("a", line, event) for line, event in enumerate([1.0, 1.0, 2.0, 2.5])]
    told: list[tuple[int, int]] = []

    kept = list(
        without_repeats(
            rows,
            time=lambda one: one // 1,
            identity=lambda one: one,
            report=lambda row, first: told.append((row.line, first[1])),
        )
    )

    assert [row.line for row in kept] == [0, 2, 3]
    assert told == [(1, 0)]


@given(st.lists(st.sampled_from(["0", "7", "07", "65536", "4294967296", "x", "7#3"]), max_size=30))
def test_every_key_is_new(listed: list[str]) -> None:
    keys = Keys()

    found = [keys.key(one, line=line) for line, one in enumerate(listed)]

    assert len(set(found)) == len(found)
    first = {one: found[listed.index(one)] for one in listed if "#" not in one}
    assert all(key == one for one, key in first.items())


def test_a_page_of_many_numbers_gives_the_keys_that_one_of_few_gives() -> None:
    rng = np.random.default_rng(0)
    dense = rng.permutation(2**16)[:9_000].tolist()  # a page that becomes bits
    listed = [str(one) for one in (*dense, *rng.integers(0, 2**18, 9_000).tolist(), *dense)]
    keys, seen = Keys(), set[str]()

    for line, one in enumerate(listed):
        is_new = one not in seen
        seen.add(one)

        assert keys.key(one, line=line) == (one if is_new else f"{one}#{line}")


def test_ids_far_apart_take_a_few_bytes_each() -> None:
    keys, n = Keys(), 20_000
    tracemalloc.start()
    for number in range(n):
        keys.key(str(number * 200_000), line=number)  # each in a page of its own
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 300 * n


def test_a_line_without_an_end_is_refused_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 8)
    path = tmp_path / "x.tsv"
    path.write_text("short\n" + "x" * 30 + "\nnext\n")
    faults = FileFaults("x.tsv")

    assert list(text_lines(path, faults)) == [(1, "short"), (3, "next")]
    assert str(faults.first[0]) == "x.tsv:2: row must be at most 8 bytes, got more"


def test_reasons_of_a_kind_each_are_not_all_kept() -> None:
    faults = FileFaults("x.tsv")

    for line in range(5_000):
        faults.add(line, f"JSON is malformed: invalid character (byte {line})")

    assert faults.n_bad == 5_000
    assert len(faults.kinds) < 1_100
    assert faults.kinds["another reason than those before"] == 4_000


def row(number: int, **changes: object) -> MindImpression:
    values = {"history": ("a",), "candidates": ("a", "b"), "clicked": (True, False)} | changes
    return MindImpression(str(number), "u", 1.6e9, **values)  # type: ignore[arg-type]


def health_of(published_at: float | None = None, **changes: object) -> Health:
    article = MindArticle("a", "news", None, "Vote", "", "", (), published_at)
    health = Health({"a": article})
    for number in range(FEWEST):
        health.add(row(number, **changes))
    return health


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (health_of(history=()), "all 100 histories are empty: check the column"),
        (health_of(candidates=("x", "y")), "none of the 200 articles shown is among the 1"),
        (health_of(published_at=1.7e9), "100 of 100 articles are shown before their publication"),
    ],
)
def test_a_share_that_no_healthy_log_has_is_an_error(
    health: Health, said: str, tmp_path: Path
) -> None:
    log = LogSource(write_mind(tmp_path / "log").path).open()

    with pytest.raises(LogError, match=said):
        health.require(log)


def test_a_healthy_log_and_one_of_few_rows_are_no_error(tmp_path: Path) -> None:
    log = LogSource(write_mind(tmp_path / "log").path).open()
    few = Health()
    few.add(row(1, history=()))

    health_of().require(log)
    few.require(log)


def test_a_log_of_which_most_rows_are_refused_is_an_error(tmp_path: Path) -> None:
    written = write_mind(tmp_path / "log")
    with (written.path / "behaviors.tsv").open("a") as file:
        file.write("nonsense\n" * FEWEST)
    log = LogSource(written.path).impressions()
    health = Health(log.articles())

    for one in log.impressions():
        health.add(one)

    with pytest.raises(
        LogError, match=r"most rows of behaviors.tsv are refused, 101 of 108: is it MIND"
    ):
        health.require(log)


def test_most_of_one_file_refused_is_not_hidden_by_a_long_other(tmp_path: Path) -> None:
    written = write_mind(tmp_path / "log")
    with (written.path / "behaviors.tsv").open("a") as file:
        file.write("nonsense\n" * FEWEST)
    (written.path / "news.tsv").write_text(news(*(f"n{number}" for number in range(2_000))))
    log = LogSource(written.path).impressions()
    health = Health(log.articles())
    list(health.watch(log.impressions()))

    assert [doubt.partition(":")[0] for doubt in health.doubts(log)] == [
        "most rows of behaviors.tsv are refused, 101 of 108"
    ]


def test_few_dated_articles_say_nothing_of_the_zone(tmp_path: Path) -> None:
    log = LogSource(write_mind(tmp_path / "log").path).open()
    dated = MindArticle("a", "news", None, "Vote", "", "", (), 1.7e9)
    health = Health({"a": dated, "b": replace(dated, article_id="b", published_at=None)})

    for number in range(2 * FEWEST):
        health.add(row(number, candidates=("a" if number < FEWEST - 1 else "b",), clicked=(True,)))
    assert health.doubts(log) == []
    health.add(row(1, candidates=("a",), clicked=(True,)))

    assert ["(--zone)" in doubt for doubt in health.doubts(log)] == [True]


def test_a_format_whose_times_are_utc_is_not_advised_to_take_a_zone(tmp_path: Path) -> None:
    log = LogSource(write_clicks(tmp_path / "log").path).open()

    (doubt,) = health_of(published_at=1.7e9).doubts(log)

    assert doubt.endswith("check that events and articles are dated by one clock")
