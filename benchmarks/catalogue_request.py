"""Claim: a request over a large catalogue costs less than five products of its embeddings.

A catalogue of seeded headlines, a tenth of it shown and clicked over two days, a reader with a
history. Processor time of `Pipeline.preview`, which selects, freezes, scores and explains as for a
request, by the retriever and by the paper's news value; beside it one product of the catalogue's
embeddings with a vector, which any dense retriever has to compute. By the news value everything is
computed of everything; the retriever bounds first what articles are worth, and costs no more.

    python -m benchmarks.catalogue_request
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks._report import header, spread, verdict
from cherryrec.cli.arithmetic import choose_products
from cherryrec.evaluation.generate.headlines import headline
from cherryrec.evaluation.generate.words import CATEGORIES
from cherryrec.evaluation.generate.world import TOPICS
from cherryrec.events import (
    ArticlePublished,
    Click,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
    instant,
)
from cherryrec.knrs import KnrsConfig
from cherryrec.pipeline import Pipeline, Position
from cherryrec.system import LocalSystem

SEED = 0
SIZES = (2_000, 95_000)
N_CALLS = 30
START_S = 1_750_000_000.0
DAY_S = 86_400.0
AT_MOST = 1.5
MOST_PRODUCTS = 5.0  # of a catalogue of the largest size


def site(n_articles: int, seed: int) -> Pipeline:
    """Fill a pipeline: articles of two days, a tenth of them read."""
    pipeline = LocalSystem(is_learning=False).pipeline
    rng = np.random.default_rng(seed)
    for number in range(n_articles):
        topic, words = TOPICS[int(rng.integers(len(TOPICS)))]
        born_s = START_S - float(rng.uniform(0.0, 2 * DAY_S))
        article = ArticlePublished(
            article_id=f"a{number}",
            title=headline(rng, words).title,
            category=CATEGORIES[topic].name,
            published_at=instant(born_s),
        )
        pipeline.article(article.article_id, article, now=born_s)
    read = rng.permutation(n_articles)[: n_articles // 10]
    for number, chosen in enumerate(rng.choice(read, (2_000, 10))):
        shown_s = START_S - 2_000.0 + number
        names = tuple(dict.fromkeys(f"a{one}" for one in chosen.tolist()))
        at = Position(0, number)
        impression = Impression(
            impression_id=f"i{number}", user_id=f"u{number}", articles=names,
            shown_at=instant(shown_s), request_id=f"r{number}",
        )  # fmt: skip
        pipeline.impression(at, impression)
        if number % 3 == 0:
            click = Click(
                event_id=f"c{number}", user_id=f"u{number}", article_id=names[0],
                clicked_at=instant(shown_s),
            )  # fmt: skip
            pipeline.click(at, click)
    history = tuple(f"a{one}" for one in read[:30].tolist())
    update = ProfileUpdate(user_id="reader", updated_at=instant(START_S), history=history)
    pipeline.profile_update(Position(0, 0), "reader", update)
    pipeline.catalogue.sum_up()  # as a request before those that are timed
    return pipeline


def timed(action: Callable[[int], object]) -> list[float]:
    """Return the processor seconds of calls, but for a few that warm up."""
    taken = []
    for number in range(N_CALLS + 5):
        started = time.process_time()
        action(number)
        taken.append(time.process_time() - started)
    return taken[5:]


def main(arguments: Sequence[str]) -> int:
    """Print what requests cost; exit 1 where the retriever costs more than claimed."""
    choose_products()
    sizes = [int(one) for one in arguments] or SIZES
    header("processor time of a request over the whole catalogue", seed=SEED)
    holds = True
    for n_articles in sizes:
        pipeline = site(n_articles, SEED)
        by_value = replace(pipeline.config.knrs, select_by="news_value", reserved=0.0)

        def ask(
            number: int, config: KnrsConfig | None = None, *, pipeline: Pipeline = pipeline
        ) -> object:
            request = RecommendationRequest(
                request_id=f"q{number}", user_id="reader", requested_at=instant(START_S + number)
            )
            return pipeline.preview(0, request, config=config)

        own = timed(ask)
        value = timed(lambda number, config=by_value, ask=ask: ask(number, config))  # type: ignore[misc]
        vectors = pipeline.catalogue.embeddings[:n_articles]
        vector = vectors[0].copy()
        product = timed(lambda _, vectors=vectors, vector=vector: vectors @ vector)  # type: ignore[misc]
        ratio = statistics.median(own) / statistics.median(value)
        products = statistics.median(own) / statistics.median(product)
        print(
            f"{n_articles:,} articles: {spread([1_000 * one for one in own])} ms by the retriever"
        )
        print(
            f"    {spread([1_000 * one for one in value])} ms by the news value, ratio {ratio:.2f}"
        )
        print(f"    {products:.1f} products of embeddings with a vector")
        holds &= verdict(f"{n_articles:,} articles, ratio", ratio, most=AT_MOST)
        if n_articles >= SIZES[-1]:
            holds &= verdict(f"{n_articles:,} articles, products", products, most=MOST_PRODUCTS)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
