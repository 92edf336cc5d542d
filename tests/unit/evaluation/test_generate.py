"""Generated logs: the same bytes from the same seed, readable, and with something to learn."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.baselines import Baseline, RandomOrder, RecentPopularity, SmoothedCtr
from cherryrec.evaluation.generate import Truth, generate_log, read_truth
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.metrics import PrequentialMetrics
from cherryrec.evaluation.mind import MindArticle, MindImpression, MindLog

FILES = ("behaviors.tsv.gz", "news.tsv.gz", "truth.json.gz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("log")
    generate_log(path, seed=3)
    return path


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return read_truth(folder)


@pytest.fixture(scope="module")
def impressions(folder: Path) -> list[MindImpression]:
    return list(MindLog(folder).impressions())


@pytest.fixture(scope="module")
def articles(folder: Path) -> dict[str, MindArticle]:
    return MindLog(folder).articles()


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in FILES)).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "1234"])
def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path, hash_seed: str) -> None:
    code = (
        "import sys; from cherryrec.evaluation.generate import generate_log; "
        "generate_log(sys.argv[1], seed=3)"
    )
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)

    assert digest(tmp_path) == digest(folder)


def test_another_seed_gives_another_log(folder: Path, tmp_path: Path) -> None:
    generate_log(tmp_path, seed=4)

    assert digest(tmp_path) != digest(folder)


def test_the_reader_finds_no_bad_row(
    folder: Path, impressions: list[MindImpression], articles: dict[str, MindArticle]
) -> None:
    log = MindLog(folder)
    read = list(log.impressions()), log.articles()

    assert (len(read[0]), len(read[1]), log.n_bad_rows) == (1_500, 800, 0)
    shown = {article_id for i in impressions for article_id in (*i.candidates, *i.history)}
    assert shown <= articles.keys()


def test_times_increase_and_span_the_days(impressions: list[MindImpression]) -> None:
    times = [impression.shown_at for impression in impressions]

    assert times == sorted(times)
    assert [impression.impression_id for impression in impressions] == [
        str(number) for number in range(1, 1_501)
    ]
    assert 1.8 * 86_400 < times[-1] - times[0] < 2 * 86_400


def test_slates_have_the_promised_size_and_clicks(impressions: list[MindImpression]) -> None:
    sizes = [len(impression.candidates) for impression in impressions]
    clicks = Counter(sum(impression.clicked or ()) for impression in impressions)

    assert (min(sizes), max(sizes)) == (8, 40)
    assert set(clicks) == {1, 2}
    assert 0.1 < clicks[2] / len(impressions) < 0.2


def test_users_come_back_and_some_are_cold(impressions: list[MindImpression]) -> None:
    history = {impression.user_id: impression.history for impression in impressions}
    visits = Counter(impression.user_id for impression in impressions)

    assert max(visits.values()) > 10
    assert 0.02 < sum(not read for read in history.values()) / len(history) < 0.25


def test_titles_are_readable_and_mostly_different(articles: dict[str, MindArticle]) -> None:
    titles = [article.title for article in articles.values()]

    assert len(set(titles)) > 0.95 * len(titles)
    assert all(3 <= len(title.split()) <= 20 and "{" not in title for title in titles)
    assert {article.category for article in articles.values()} == {c.name for c in CATEGORIES}


def test_stories_name_what_they_are_about(truth: Truth, articles: dict[str, MindArticle]) -> None:
    assert truth.stories
    for story in truth.stories:
        named = [set(articles[article_id].entities) for article_id in story.articles]
        assert set.intersection(*named)


def test_breaking_stories_draw_more_than_their_share(
    truth: Truth, impressions: list[MindImpression]
) -> None:
    breaking = {article_id for story in truth.stories for article_id in story.articles}
    views: Counter[bool] = Counter()
    clicks: Counter[bool] = Counter()
    for impression in impressions:
        for article_id, clicked in zip(
            impression.candidates, impression.clicked or (), strict=True
        ):
            views[article_id in breaking] += 1
            clicks[article_id in breaking] += clicked

    assert clicks[True] / views[True] > 1.3 * clicks[False] / views[False]


def test_clicks_follow_the_true_probabilities(
    truth: Truth, impressions: list[MindImpression]
) -> None:
    single = [i for i in impressions if i.clicked and sum(i.clicked) == 1]
    chances = np.concatenate([truth.click_probabilities[i.impression_id] for i in single])
    clicked = np.concatenate([np.array(i.clicked) for i in single])
    order = np.argsort(chances)

    for part in np.array_split(order, 10):
        expected = chances[part].sum()
        assert clicked[part].sum() == pytest.approx(expected, abs=4 * np.sqrt(expected) + 1)


def test_the_truth_beats_popularity_and_popularity_beats_chance(
    truth: Truth, impressions: list[MindImpression]
) -> None:
    baselines: tuple[Baseline, ...] = RandomOrder(1), RecentPopularity(), SmoothedCtr()
    measured = [PrequentialMetrics() for _ in baselines]
    oracle = PrequentialMetrics()
    for i in impressions:
        for baseline, metrics in zip(baselines, measured, strict=True):
            metrics.add(i.shown_at, baseline.score(i), i.candidates, i.clicked or ())
            baseline.learn(i)
        chances = truth.click_probabilities[i.impression_id]
        oracle.add(i.shown_at, chances, i.candidates, i.clicked or ())

    random, popularity, ctr = (metrics.intervals()["auc"] for metrics in measured)
    assert random.low < 0.5 < random.high
    assert popularity.low > random.high
    assert ctr.low > random.high
    assert truth.oracle_auc == pytest.approx(oracle.mean("auc"), abs=1e-3)
    assert 0.9 > truth.oracle_auc > max(popularity.high, ctr.high) + 0.05


def test_a_small_world_works(tmp_path: Path) -> None:
    truth = generate_log(
        tmp_path, n_users=1, n_articles=64, n_impressions=20, days=0.1, seed=0, starts_at=1.5e9
    )

    assert len(truth.click_probabilities) == len(list(MindLog(tmp_path).impressions())) == 20
    assert all(sum(p) == pytest.approx(1, abs=1e-4) for p in truth.click_probabilities.values())


@pytest.mark.parametrize(
    "wrong", [{"n_users": 0}, {"n_articles": 10}, {"n_impressions": 0}, {"days": 0.0}, {"seed": -1}]
)
def test_sizes_that_make_no_log_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} must be at least"):
        generate_log(tmp_path, **wrong)


def test_a_log_without_truth_is_a_log_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="generate the log again"):
        read_truth(tmp_path)
