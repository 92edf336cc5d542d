"""Claim: a slate of the site's own costs a worker at most 3 ms of processor, a click alone 1 ms.

The core alone, over 2,000 articles and 400 readers, slates of twenty; half of the clicks are on
what was shown. Beside it, in the same run, the same events where they are only counted.
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from benchmarks._report import header, spread, verdict
from benchmarks._traffic import Traffic
from cherryrec.events import Click, Impression, instant
from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import PipelineConfig, Position
from cherryrec.system import LocalSystem

SEED, N_EVENTS, N_USERS, N_SHOWN, N_RUNS = 0, 2_000, 400, 20, 3
WARM = 400
MOST_SLATE_MS, MOST_CLICK_MS = 3.0, 1.0


def run(feedback: FeedbackConfig) -> tuple[float, float]:
    """Return the mean processor time of an impression and of a click, in milliseconds."""
    config = PipelineConfig(feedback=feedback)
    pipeline = LocalSystem(config, is_learning=False).pipeline
    traffic, rng = Traffic(seed=SEED), random.Random(SEED)
    for article in traffic.articles():
        pipeline.article(article.article_id, article, now=traffic.start_s)
    names = [f"N{k}" for k in range(traffic.n_articles)]
    took: tuple[list[float], list[float]] = ([], [])
    for k in range(N_EVENTS):
        user, time_s = f"U{rng.randrange(N_USERS)}", traffic.start_s + k
        shown = tuple(rng.sample(names, N_SHOWN))
        clicked = shown[0] if rng.random() < 0.5 else rng.choice(names)
        impression = Impression(
            impression_id=f"i{k}", user_id=user, articles=shown, shown_at=instant(time_s)
        )
        click = Click(
            event_id=f"e{k}", user_id=user, article_id=clicked, clicked_at=instant(time_s + 0.1)
        )
        began = time.process_time()
        pipeline.impression(Position(0, k), impression)
        between = time.process_time()
        pipeline.click(Position(0, k), click)
        took[0].append(between - began)
        took[1].append(time.process_time() - between)
    slates, clicks = (1e3 * statistics.mean(one[WARM:]) for one in took)
    return slates, clicks


def main() -> int:
    """Measure and judge."""
    header("a slate of the site's own costs at most 3 ms, a click alone 1 ms", seed=SEED)
    variants = {
        "only counted": FeedbackConfig(learn_from=("request",)),
        "learned from": FeedbackConfig(shadow_share=0.0, recall_share=0.0),
        "and all ranked": FeedbackConfig(shadow_share=1.0, recall_share=0.0),
        "and KnRS asked at all": FeedbackConfig(shadow_share=1.0, recall_share=1.0),
        "the defaults": FeedbackConfig(),
    }
    found = {name: [run(config) for _ in range(N_RUNS)] for name, config in variants.items()}
    for name, runs in found.items():
        slates, clicks = zip(*runs, strict=True)
        print(f"{name}: impression {spread(slates, 2)} ms, click {spread(clicks, 2)} ms")
    slates, clicks = zip(*found["the defaults"], strict=True)
    holds = [
        verdict("milliseconds of an impression", statistics.median(slates), most=MOST_SLATE_MS),
        verdict("milliseconds of a click", statistics.median(clicks), most=MOST_CLICK_MS),
    ]
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
