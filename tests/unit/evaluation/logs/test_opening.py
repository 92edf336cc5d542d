"""Which format a path is taken for, what is refused, and what goes with which format."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.logs import LogSource, recognised
from tests.logs import write_adressa, write_clicks, write_mind, write_parquet


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
