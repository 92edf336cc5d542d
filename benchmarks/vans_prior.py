"""Learn the weights that VaNS starts from on generated worlds; with logs, say what they bring.

Worlds of several sizes and lengths are replayed as any log is. Algorithm 1's weights, degree 1, go
through one world after the other, each standardised by itself. `--write` learns them and
puts them into the package. Logs named on the command line are judged on their first half, which is
what the start and `vans.prior_impressions` were chosen on.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._report import header
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.metrics import auc, ndcg
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.events import Example
from cherryrec.learner import VANS_FEATURES, Learner
from cherryrec.listwise import AdaGrad, has_contrast
from cherryrec.vans import (
    Linear,
    ListwiseRegression,
    SlateScaler,
    Vans,
    VansConfig,
    prior,
)

SEED = 100
SIZES = ((200, 600, 1_500, 1.0), (500, 1_100, 2_000, 2.0), (800, 1_600, 2_500, 3.0),
         (1_100, 2_100, 3_000, 4.0))  # fmt: skip
"""Users, articles, impressions and days of each world."""

L2 = 1e-3
DIGITS = 4
IMPRESSIONS = (0.0, 3.0, 10.0, 30.0, 100.0)
PARTS = (0, 30, 100, 300, 1_000)
LIMIT = 2_130

Slates = list[tuple[NDArray[np.float64], NDArray[np.bool_]]]


class Recorder(Learner):
    """Learns the news value only, and keeps the slates that it is given."""

    slates: Slates

    def learn(self, example: Example, *, partition: int, offset: int, weight: float = 1.0) -> bool:
        """Keep the features and the labels."""
        features = np.frombuffer(example.features, "<f4").reshape(len(example.articles), -1)
        self.slates.append((features.astype(np.float64), np.array(example.clicked)))
        return super().learn(example, partition=partition, offset=offset, weight=weight)


def slates_of(log: MindLog, n_rows: int) -> Slates:
    """Replay the first rows of a log; return what VaNS would have learned of it."""
    replay = LocalReplay(replace(Settings().core, vans=VansConfig(members=("linear",))))
    replay.learner = recorder = Recorder(replay.config.knrs, replay.config.vans)
    recorder.slates = []
    rows = list(log.impressions())[:n_rows]
    replay.run(rows, LogMessages(log.articles()), Judge())
    return recorder.slates


def worlds() -> Iterator[Slates]:
    """Generate the worlds one by one."""
    for number, (n_users, n_articles, n_impressions, days) in enumerate(SIZES):
        with tempfile.TemporaryDirectory() as folder:
            generate_log(
                folder, n_users=n_users, n_articles=n_articles, n_impressions=n_impressions,
                days=days, seed=SEED + number,
            )  # fmt: skip
            yield slates_of(MindLog(folder), n_impressions)


def learned() -> dict[str, float]:
    """Learn the weights, one world after the other."""
    model = ListwiseRegression(VANS_FEATURES, degrees=(1,), optimizer=AdaGrad(0.04), l2=L2)
    for slates in worlds():
        scaler = SlateScaler(VANS_FEATURES)
        for X, clicked in slates:
            Z = scaler.transform_slate(X)
            scaler.learn_slate(X)
            if has_contrast(clicked):
                model.learn_slate(Z, clicked)
    return {
        feature.name: round(weight, DIGITS)
        for feature, weight in zip(VANS_FEATURES, model.weights.tolist(), strict=True)
        if round(weight, DIGITS)
    }


def judged(slates: Slates, start: str, impressions: float) -> str:
    """Return the AUC of parts of a log, and of all with nDCG@10, in percent."""
    feature = "news_value" if impressions else None
    config = VansConfig(
        prior_feature=feature, prior_impressions=impressions, settings=(Linear(start=start),)
    )
    model = Vans(VANS_FEATURES, config)
    aucs, ndcgs = [], []
    for X, clicked in slates[:LIMIT]:
        scores = model.score(X).scores
        aucs.append(auc(scores, clicked))
        ranks = np.empty(len(scores), np.int64)
        ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
        ndcgs.append(ndcg(ranks, clicked, 10))
        model.learn(X, clicked)
    ends = zip(PARTS, (*PARTS[1:], LIMIT), strict=True)
    parts = [np.nanmean(aucs[a:b]) for a, b in ends if a < len(aucs)]
    text = " ".join(f"{100 * part:6.2f}" for part in parts)
    return f"{text} | {100 * np.nanmean(aucs):6.2f} {100 * np.nanmean(ndcgs):6.2f}"


def main(arguments: Sequence[str]) -> int:
    """Learn, write where that is wanted, and judge on the logs."""
    header(f"weights to start from, of {len(SIZES)} generated worlds", seed=SEED)
    if "--write" in arguments:
        weights = learned()
        path = Path(prior.__file__).with_name(prior.FILE)
        path.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
        prior.shipped_weights.cache_clear()
        print(f"{len(weights)} weights written to {path.name}")
    for folder in (one for one in arguments if not one.startswith("--")):
        log = MindLog(folder)
        slates = slates_of(log, len(list(log.impressions())) // 2)
        print(f"{log.folder.name}, first half: AUC of impressions from {PARTS} on | all, nDCG@10")
        for impressions in IMPRESSIONS:
            for start in reversed(prior.STARTS):
                print(f"  {start:9} {impressions:5g}  {judged(slates, start, impressions)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
