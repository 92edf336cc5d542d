"""One generated world as MIND and as EB-NeRD: the recommendations are the same bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.logs import LogSource
from cherryrec.evaluation.mind import MindArticle, MindLog
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.pipeline import PipelineConfig
from cherryrec.vans import VansConfig
from tests.logs import BEGIN_S, us_time, write_parquet


def number(name: str) -> int:
    """Return the number of an id such as N12 or U7."""
    return int(name.lstrip("NU"))


def entities(article: MindArticle) -> str:
    """Return an article's entities as MIND has them."""
    return json.dumps([{"WikidataId": name} for name in article.entities])


def write_both(folder: Path) -> None:
    """Write a generated log with ids that are numbers in both formats."""
    generate_log(folder / "world", n_users=8, n_impressions=16, n_articles=64, seed=0)
    world = MindLog(folder / "world")
    rows, articles = list(world.impressions()), list(world.articles().values())
    (folder / "mind").mkdir()
    (folder / "mind/behaviors.tsv").write_text(
        "".join(
            f"{row.impression_id}\t{number(row.user_id)}\t{us_time(row.shown_at - BEGIN_S)}\t"
            f"{' '.join(str(number(one)) for one in row.history)}\t"
            + " ".join(
                f"{number(one)}-{int(is_clicked)}"
                for one, is_clicked in zip(row.candidates, row.clicked or (), strict=True)
            )
            + "\n"
            for row in rows
        )
    )
    (folder / "mind/news.tsv").write_text(
        "".join(
            f"{number(one.article_id)}\t{one.category}\t{one.subcategory or ''}\t{one.title}\t"
            f"{one.abstract}\t{one.url}\t{entities(one)}\t[]\n"
            for one in articles
        )
    )
    histories = {number(row.user_id): [number(one) for one in row.history] for row in rows}
    slates = {
        "impression_id": [int(row.impression_id) for row in rows],
        "user_id": [number(row.user_id) for row in rows],
        "impression_time": [
            datetime.fromtimestamp(row.shown_at // 1, tz=UTC).replace(tzinfo=None) for row in rows
        ],
        "article_ids_inview": [[number(one) for one in row.candidates] for row in rows],
        "article_ids_clicked": [
            [
                number(one)
                for one, is_clicked in zip(row.candidates, row.clicked or (), strict=True)
                if is_clicked
            ]
            for row in rows
        ],
    }
    write_parquet(folder / "ebnerd/train/behaviors.parquet", slates)
    write_parquet(
        folder / "ebnerd/train/history.parquet",
        {"user_id": [*histories], "article_id_fixed": [*histories.values()]},
    )
    described = {
        "article_id": [number(one.article_id) for one in articles],
        "title": [one.title for one in articles],
        "subtitle": [one.abstract for one in articles],
        "category_str": [one.category for one in articles],
        "subcategory": [[one.subcategory] if one.subcategory else [] for one in articles],
        "ner_clusters": [list(one.entities) for one in articles],
        "url": [one.url for one in articles],
    }
    write_parquet(folder / "ebnerd/articles.parquet", described)


def test_both_formats_of_a_world_give_the_same_recommendations(tmp_path: Path) -> None:
    write_both(tmp_path)
    config = PipelineConfig(vans=VansConfig(members=("linear", "svm")))
    digests = []

    for name in ("mind", "ebnerd"):
        log, judge = LogSource(tmp_path / name).impressions(), Judge()
        LocalReplay(config).run(log.impressions(), LogMessages(log.articles()), judge)
        digests.append(judge.digest)

    assert log.title == "EB-NeRD"
    assert judge.n_recommendations == 16
    assert digests[0] == digests[1]


def test_both_formats_of_a_world_describe_the_same_articles(tmp_path: Path) -> None:
    write_both(tmp_path)

    mind, ebnerd = (LogSource(tmp_path / name).open().articles() for name in ("mind", "ebnerd"))

    assert mind == ebnerd
    assert any(one.entities and one.subcategory for one in mind.values())
