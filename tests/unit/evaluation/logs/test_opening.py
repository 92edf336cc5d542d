"""Which format a path is taken for, what is refused, and what goes with which format."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.logs import ClickLog, DisplayLog, LogSource, recognised
from cherryrec.evaluation.logs.click_file import ClickFiles
from cherryrec.evaluation.logs.globo import GloboLog
from cherryrec.evaluation.logs.lines import header_of
from tests.logs import (
    Written,
    write_adressa,
    write_clicks,
    write_globo,
    write_mind,
    write_parquet,
    write_plista,
    write_r6a,
    write_r6b,
)


def test_a_folder_of_nothing_known_is_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# notes\n")

    with pytest.raises(LogError, match=r"none of its files is of one \(mind: .*; plista: "):
        recognised(tmp_path)


def test_a_log_without_one_of_its_files_is_refused_with_the_nearest_format(tmp_path: Path) -> None:
    (tmp_path / "news.tsv").write_text("")

    with pytest.raises(LogError, match=r"the nearest is mind, for news\.tsv .* without behaviors"):
        recognised(tmp_path)


def test_a_bundle_without_histories_comes_nearest_to_ebnerd(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train/behaviors.parquet", {"user_id": [1]})
    write_parquet(tmp_path / "articles.parquet", {"article_id": [1]})

    with pytest.raises(LogError, match=r"nearest is ebnerd, .* without history\.parquet beside"):
        recognised(tmp_path)


def test_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("user_id,session_id,article,time_ms\n")

    with pytest.raises(LogError, match=r"nearest is clicks, .* without the column article_id"):
        recognised(tmp_path)


def test_a_format_that_is_said_is_believed(tmp_path: Path) -> None:
    written = write_clicks(tmp_path / "log")

    with pytest.raises(LogError, match=r"must hold clicks_hour_\*\.csv"):
        LogSource(written.path, "globo").open().files()


def test_one_day_of_adressa_is_a_log(tmp_path: Path) -> None:
    written = write_adressa(tmp_path / "log")

    assert recognised(written.path / "one_week" / "20191115") == "adressa"


def test_names_of_columns_may_be_in_quotes(tmp_path: Path) -> None:
    folder = write_globo(tmp_path / "globo").path
    for path in (write_clicks(tmp_path / "log").path / "clicks.csv", *folder.rglob("*.csv")):
        header, _, rows = path.read_text().partition("\n")
        quoted = ",".join(f'"{name}"' for name in header.split(","))
        path.write_text(f"\ufeff{quoted}\n{rows}")

    assert recognised(tmp_path / "log") == "clicks"
    assert recognised(folder) == "globo"
    assert len([*GloboLog(folder).clicks()]) == 7


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_adressa, "one_week/20191101"),
        (write_clicks, "a.csv"),
        (write_clicks, "a.csv.gz"),
        (write_globo, "clicks/clicks_hour_00.csv"),
        (write_plista, "a.tsv"),
        (write_r6a, "ydata-fp-td-clicks-v1_0.20090501"),
        (write_r6b, "ydata-fp-td-clicks-v2_0.20111001"),
    ],
)
def test_an_empty_first_file_is_passed_over(
    tmp_path: Path, write: Callable[[Path], Written], name: str
) -> None:
    written = write(tmp_path / "log")
    empty = gzip.compress(b"\n") if name.endswith(".gz") else b"\n"
    (written.path / name).write_bytes(empty)

    assert recognised(written.path) == written.format
    log = LogSource(written.path).open()
    assert isinstance(log, ClickLog | DisplayLog)
    events = list(log.clicks() if isinstance(log, ClickLog) else log.displays())
    assert len(events) == len(written.offsets_s)
    assert log.n_bad_rows == 1


def test_a_log_of_an_empty_file_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("")

    with pytest.raises(LogError, match="must have a click that can be read, got none"):
        list(ClickFiles(tmp_path).clicks())


def test_no_more_files_are_opened_than_tell_the_format(tmp_path: Path) -> None:
    empty, first = tmp_path / "empty", tmp_path / "first"
    empty.write_text("\n")
    first.write_text('"a",b\n')

    def files() -> Iterator[Path]:
        yield from (empty, first)
        pytest.fail("the first file with a line tells")

    assert header_of(files()) == ["a", "b"]


def test_a_zone_moves_times_without_one(tmp_path: Path) -> None:
    written = write_mind(tmp_path / "log")
    plain, moved = LogSource(written.path), LogSource(written.path, zone="America/New_York")

    times = [[row.shown_at for row in one.impressions().impressions()] for one in (plain, moved)]

    assert {b - a for a, b in zip(*times, strict=True)} == {5 * 3_600.0}
    assert moved.open().zone == "America/New_York (--zone)"


def test_a_zone_or_titles_where_they_mean_nothing_are_refused(tmp_path: Path) -> None:
    written = write_clicks(tmp_path / "log")

    with pytest.raises(ConfigError, match="--zone is of times without one, and those of clicks"):
        LogSource(written.path, zone="Europe/Oslo").open()
    with pytest.raises(ConfigError, match="--titles goes with MIND's article ids"):
        LogSource(written.path, titles=tmp_path / "news.tsv").open()


def test_a_zone_of_no_name_is_refused(tmp_path: Path) -> None:
    written = write_mind(tmp_path / "log")

    with pytest.raises(ConfigError, match=r"--zone must be UTC or a name .*'Europe/Atlantis'"):
        LogSource(written.path, zone="Europe/Atlantis").open()


def test_a_log_of_clicks_is_none_of_slates(tmp_path: Path) -> None:
    written = write_clicks(tmp_path / "log")

    with pytest.raises(LogError, match=r"a log of slates is needed, got .* the format of clicks"):
        LogSource(written.path).impressions()
