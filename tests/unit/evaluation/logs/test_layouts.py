"""What is one layout's own: histories, splits, titles, contents, who is unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.logs import LogSource
from cherryrec.evaluation.logs.adressa import AdressaLog
from cherryrec.evaluation.logs.ebnerd import EbnerdLog
from cherryrec.evaluation.logs.globo import GloboLog
from cherryrec.evaluation.logs.mind_splits import MindSplits
from cherryrec.evaluation.logs.parquet import columns_of
from cherryrec.evaluation.logs.plista import PlistaLog
from cherryrec.evaluation.logs.yahoo_r6a import YahooR6ALog
from tests.logs import (
    BEGIN_S,
    adressa_article,
    adressa_event,
    ebnerd_slates,
    news,
    plista_line,
    us_time,
    write_adressa,
    write_ebnerd,
    write_globo,
    write_mind,
    write_mind_splits,
    write_parquet,
    write_plista,
    write_r6a,
)


def test_splits_of_mind_have_their_names_in_front_and_only_the_test_has_no_labels(
    tmp_path: Path,
) -> None:
    log = MindSplits(write_mind_splits(tmp_path / "log").path)

    rows = list(log.impressions())

    assert [row.impression_id for row in rows if row.clicked is None] == ["test/1", "test/2"]
    assert {row.impression_id for row in rows} >= {"train/1", "dev/1"}
    keys = ["train/1", "train/2", "train/3", "dev/1", "dev/2", "test/1", "test/2"]
    assert list(log.file_order()) == [(key, key.partition("/")[2]) for key in keys]
    assert log.n_repeated_ids == 0


def test_two_folders_of_one_split_are_refused(tmp_path: Path) -> None:
    write_mind_splits(tmp_path)
    (tmp_path / "MINDlarge_dev").mkdir()
    (tmp_path / "MINDlarge_dev" / "behaviors.tsv").write_text("")

    with pytest.raises(LogError, match=r"a split must stand once .*'dev' as 'MINDlarge_dev' and"):
        MindSplits(tmp_path)


def test_two_logs_in_one_folder_are_not_put_together(tmp_path: Path) -> None:
    write_mind(tmp_path / "one")
    write_mind(tmp_path / "two")

    with pytest.raises(LogError, match="a log must be in a known format"):
        LogSource(tmp_path).open()


def test_quotes_of_mind_are_letters(tmp_path: Path) -> None:
    log = LogSource(write_mind(tmp_path / "log").path).open()

    assert [article.title for article in log.articles().values()][:2] == [
        '"Late goal n0',
        '"Late goal n1',
    ]


def test_titles_of_xmind_stand_for_those_of_the_log(tmp_path: Path) -> None:
    written = write_mind(tmp_path / "log")
    titles = tmp_path / "news.tsv"
    titles.write_text(
        "nid\ttitle\tabstract\nn1\tSpätes Tor\tNachspielzeit\nn9\tx\ty\nn2\tz\nn0\t \tAbpfiff\n"
    )
    log = LogSource(written.path, titles=titles).open()

    articles = log.articles()

    assert (articles["n1"].title, articles["n1"].abstract) == ("Spätes Tor", "Nachspielzeit")
    assert articles["n1"].category == "sport"
    assert articles["n2"].title == '"Late goal n2'
    assert (articles["n0"].title, articles["n0"].abstract) == ('"Late goal n0', "Abpfiff")
    assert [str(row) for one in log.faults for row in one.first] == [
        "titles/news.tsv:4: row must have 3 tab-separated columns, got 2"
    ]


def test_titles_of_splits_are_read_once_for_all(tmp_path: Path) -> None:
    written = write_mind_splits(tmp_path / "log")
    (written.path / "test/news.tsv").write_text(news("n3"))  # which the titles lack
    titles = tmp_path / "news.tsv"
    titles.write_text("nid\ttitle\tabstract\nn1\tSpätes Tor\t\nn2\tz\n")
    log = LogSource(written.path, titles=titles).open()

    articles = log.articles()

    assert (articles["n1"].title, articles["n3"].title) == ("Spätes Tor", '"Late goal n3')
    assert [str(row) for row in log.bad_rows] == [
        "titles/news.tsv:3: row must have 3 tab-separated columns, got 2"
    ]
    assert log.n_bad_rows == 1
    assert [name for name, _ in log.files()].count("titles/news.tsv") == 1


def test_titles_of_another_file_are_refused(tmp_path: Path) -> None:
    written = write_mind(tmp_path / "log")
    titles = tmp_path / "news.tsv"
    titles.write_text(news("n1"))

    with pytest.raises(LogError, match="must begin with the columns nid, title, abstract"):
        LogSource(written.path, titles=titles).open().articles()


def test_a_bundle_gives_histories_dwell_and_what_is_known_of_articles(tmp_path: Path) -> None:
    log = EbnerdLog(write_ebnerd(tmp_path / "log").path)

    rows = {row.impression_id: row for row in log.impressions()}
    articles = log.articles()

    assert rows["train/5"].history == ("2",)  # user 10
    assert rows["train/4"].history == ()  # user 11 has none
    assert rows["train/7"].history == ("3", "1")
    assert rows["train/5"].dwell_s == 20.0
    assert rows["train/4"].dwell_s is None
    assert rows["train/5"].clicked == (False, True, False)
    assert articles["1"].category == "sport"
    assert articles["1"].subcategory == "5|6"
    assert articles["1"].entities == ("Brøndby",)
    assert articles["1"].published_at == BEGIN_S - 3_600.0
    assert articles["2"].title == ""


def test_test_rows_of_one_id_are_told_apart_by_their_number(tmp_path: Path) -> None:
    log = EbnerdLog(write_ebnerd(tmp_path / "log").path)

    of_test = [row for row in log.impressions() if row.impression_id.startswith("test/")]

    assert {row.impression_id for row in of_test} == {"test/0", "test/0#2", "test/8"}
    assert all(row.clicked is None for row in of_test)
    assert [*log.file_order()][-3:] == [("test/0", "0"), ("test/0#2", "0"), ("test/8", "8")]
    assert log.n_repeated_ids == 1


def test_one_split_of_a_bundle_has_plain_ids(tmp_path: Path) -> None:
    folder = write_ebnerd(tmp_path / "log").path

    assert next(EbnerdLog(folder / "train").impressions()).impression_id == "4"
    assert EbnerdLog(folder / "train").articles().keys() == {"1", "2"}


def test_a_file_that_lacks_a_column_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_ebnerd(tmp_path / "log").path
    columns = ebnerd_slates((0,), [1], is_test=False)
    del columns["article_ids_inview"]
    write_parquet(folder / "train/behaviors.parquet", columns)

    with pytest.raises(LogError, match="got it without article_ids_inview"):
        list(EbnerdLog(folder).impressions())


def test_a_parquet_file_cut_off_is_refused(tmp_path: Path) -> None:
    folder = write_ebnerd(tmp_path / "log").path
    path = folder / "train/behaviors.parquet"
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(LogError, match="cannot be read as parquet"):
        list(EbnerdLog(folder).impressions())


def test_clicks_of_one_time_go_by_reader(tmp_path: Path) -> None:
    log = GloboLog(write_globo(tmp_path / "log").path)

    at_once = [one.user_id for one in log.clicks() if one.clicked_at == BEGIN_S + 60]

    assert at_once == ["6", "7"]
    assert log.articles()["1"].published_at == BEGIN_S + 10


def test_contents_are_found_by_address_and_soft_hyphens_left_out(tmp_path: Path) -> None:
    log = AdressaLog(write_adressa(tmp_path / "log").path)

    article = log.articles()["a0"]

    assert (article.title, article.abstract) == ("Valg a0", "Kommunevalg i dag.")
    assert (article.category, article.subcategory) == ("nyheter", "trondheim")
    assert article.entities == ("valg", "kommune")
    assert article.published_at == BEGIN_S + 120
    assert {click.dwell_s for click in log.clicks()} == {30.0}


def test_the_section_is_the_profile_s_where_an_event_has_none(tmp_path: Path) -> None:
    keys = adressa_article("a")
    del keys["category1"]
    keys["profile"].append({"item": "sport", "groups": [{"group": "category", "weight": 0.1}]})
    (tmp_path / "20191115").write_text(adressa_event(0, 0, **keys))

    article = AdressaLog(tmp_path).articles()["a"]

    assert (article.category, article.subcategory) == ("sport", None)


def test_articles_without_features_leave_the_pool(tmp_path: Path) -> None:
    log = YahooR6ALog(write_r6a(tmp_path / "log").path)

    display = next(log.displays())

    assert display.pool == ("10", "11")
    assert display.propensity == 0.5
    assert display.user == ((1, 1.0), (2, 0.5), (3, 0.25))


def test_unknown_readers_are_strangers_each_and_articles_have_sections(tmp_path: Path) -> None:
    log = PlistaLog(write_plista(tmp_path / "log").path)

    users = {click.user_id for click in log.clicks()}

    assert "0" not in users
    assert users == {"5", *(f"unknown:stream.tsv:{line}" for line in (1, 3, 5, 7))}
    assert (log.articles()["7"].category, log.articles()["7"].entities) == ("81", ("123",))
    assert log.articles()["8"].entities == ()


def test_a_line_of_another_type_is_told(tmp_path: Path) -> None:
    path = tmp_path / "stream.tsv"
    path.write_text(f"{plista_line(0, 0)}\n{plista_line(0, 0, kind='error')}\n")
    log = PlistaLog(path)

    list(log.clicks())

    assert str(log.bad_rows[0]).startswith("stream.tsv:2: type must be impression or recommend")


def test_one_world_in_two_formats_is_one_log(tmp_path: Path) -> None:
    offsets, ids = (5, 0, 9), [3, 1, 2]
    columns = ebnerd_slates(offsets, ids, is_test=False)
    write_parquet(tmp_path / "b/train/behaviors.parquet", {**columns, "next_read_time": [None] * 3})
    write_parquet(
        tmp_path / "b/train/history.parquet",
        {"user_id": [10, 11, 12], "article_id_fixed": [[2], [3, 1], [1]]},
    )
    article = {"article_id": [1, 2, 3], "title": ["a", "b", "c"], "category_str": ["x"] * 3}
    write_parquet(tmp_path / "b/articles.parquet", article)
    histories = {10: "2", 11: "3 1", 12: "1"}
    (tmp_path / "m").mkdir()
    (tmp_path / "m/behaviors.tsv").write_text(
        "".join(
            f"{one}\t{user}\t{us_time(offset)}\t{histories[user]}\t1-0 2-1 3-0\n"
            for one, user, offset in zip(ids, columns["user_id"], offsets, strict=True)
        )
    )
    (tmp_path / "m/news.tsv").write_text(
        "".join(f"{one}\tx\t\t{'abc'[one - 1]}\t\t\t[]\t[]\n" for one in (1, 2, 3))
    )

    first, second = (LogSource(tmp_path / name).impressions() for name in "bm")

    assert list(first.impressions()) == list(second.impressions())
    assert first.articles() == second.articles()
    assert list(first.file_order()) == list(second.file_order())


def test_a_parquet_file_is_not_held_as_a_whole(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra `logs` is not installed")
    import pyarrow.parquet as pq

    path, most = tmp_path / "x.parquet", 0
    numbers = np.random.default_rng(0).integers(0, 2**62, 2**15)  # 256 KiB
    with pq.ParquetWriter(path, pa.schema([("x", pa.int64())]), use_dictionary=False) as writer:
        for _ in range(32):
            writer.write_table(pa.table({"x": numbers}))
    before = pa.total_allocated_bytes()

    for _ in columns_of(path, {"x": "int"}):
        most = max(most, pa.total_allocated_bytes() - before)

    assert path.stat().st_size > 8 * 2**20
    assert most < 2 * 2**20
