"""Claim: attention over each title that was read ranks no better than the fit to all together.

Cross-attention: keys and values are projections of the last 20 titles that were read, learned by
the same rule from the same impressions as `TitleFit`, which takes the last 50 as one vector. Each
one's scores, standardised within the slate, are added to those of a system without either, in the
share that does best on the first half of a log; reported is the last half. Beside it the processor
time of scoring and learning a slate. Logs are named on the command line with their sentence model,
as `mind_small:minilm`; without one a generated log is used.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._report import header, verdict
from cherryrec.cli.remembered import vectors_of_log
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.metrics import auc, ndcg, ranks_of
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.events import Recommendation
from cherryrec.listwise import has_contrast, listwise_gradient
from cherryrec.title_fit import TitleFitLearner

SEED = 0
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3)
N_TOGETHER, N_APART = 50, 20
RATE, BIAS_RATE, PLACE_RATE, START, SHARPNESS = 0.01, 0.03, 0.01, 3.0, float(np.exp(2.0))
AT_MOST = 0.1
"""AUC in hundredths by which attention may be better where the claim holds."""

F32 = NDArray[np.float32]
Scores = list[NDArray[np.float64]]


class Recorder(Judge):
    """Keeps the scores of every slate."""

    def __init__(self) -> None:
        super().__init__()
        self.scores: Scores = []

    def rank(self, row: MindImpression, recommendation: Recommendation) -> None:
        """Judge a slate, and keep its scores in the row's order."""
        super().rank(row, recommendation)
        scores = {item.article_id: item.score for item in recommendation.slate}
        lowest = min(scores.values(), default=0.0) - 1.0
        self.scores.append(np.array([scores.get(one, lowest) for one in row.candidates]))


class Together:
    """The fit that ships: reads as one vector."""

    def __init__(self) -> None:
        self.learner = TitleFitLearner()

    def reader(self, reads: F32) -> F32:
        """Return the reads' sum over the root of their number."""
        read = reads[-N_TOGETHER:]
        together: F32 = read.sum(axis=0) / np.sqrt(np.float32(max(len(read), 1)))
        return together

    def scores(self, titles: F32, reads: F32) -> F32:
        """Score titles, (n, D), of who read (h, D)."""
        return self.learner.fit.scores(self.reader(reads), titles)

    def learn(self, titles: F32, reads: F32, clicked: NDArray[np.bool_]) -> None:
        """Learn which were clicked, (n,)."""
        self.learner.learn(self.reader(reads), titles, clicked)


class Apart:
    """Cross-attention: each title asks each read, by projections learned by AdaGrad."""

    def __init__(self, n_dimensions: int) -> None:
        square = (n_dimensions, n_dimensions)
        shapes = {"keys": square, "values": square, "bias": square[:1], "places": (N_APART,)}
        self.weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        self.squares = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}

    def _attend(self, titles: F32, reads: F32) -> tuple[F32, F32]:
        read = reads[-N_APART:]
        keys, values = (read + read @ self.weights[name] for name in ("keys", "values"))
        logits = SHARPNESS * (titles @ keys.T) + self.weights["places"][N_APART - len(read) :]
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True), titles @ values.T  # (n, h) each

    def scores(self, titles: F32, reads: F32) -> F32:
        """Score titles, (n, D), of who read (h, D)."""
        scores: F32 = titles @ self.weights["bias"]
        if len(reads):
            shares, values = self._attend(titles, reads)
            scores = scores + np.float32(START) * (shares * values).sum(axis=1)
        return scores

    def learn(self, titles: F32, reads: F32, clicked: NDArray[np.bool_]) -> None:
        """Learn which were clicked, (n,)."""
        if not has_contrast(clicked):
            return
        scores = self.scores(titles, reads).astype(np.float64)
        by_score = listwise_gradient(scores, clicked).astype(np.float32)  # (n,)
        gradients = {"bias": (BIAS_RATE, titles.T @ by_score)}
        if len(reads):
            read = reads[-N_APART:]
            shares, values = self._attend(titles, reads)
            mean = (shares * values).sum(axis=1, keepdims=True)
            by_value = np.float32(START) * by_score[:, None] * shares  # (n, h)
            by_logit = by_value * (values - mean)
            places = np.zeros(N_APART, np.float32)
            places[N_APART - len(read) :] = by_logit.sum(axis=0)
            gradients |= {
                "values": (RATE, read.T @ (by_value.T @ titles)),
                "keys": (RATE, np.float32(SHARPNESS) * (read.T @ (by_logit.T @ titles))),
                "places": (PLACE_RATE, places),
            }
        for name, (rate, gradient) in gradients.items():
            self.squares[name] += gradient * gradient
            step = gradient / (np.sqrt(self.squares[name]) + np.float32(1e-10))
            self.weights[name] -= np.float32(rate) * step


@dataclass(frozen=True, slots=True)
class World:
    """A log's impressions by time, and the directions of its titles from their mean."""

    rows: Sequence[MindImpression]
    place: Mapping[str, int]
    vectors: F32

    def of(self, articles: Sequence[str]) -> F32:
        """Return the vectors of articles, zeros of those that have none."""
        places = np.array([self.place.get(one, -1) for one in articles], np.intp)
        found: F32 = self.vectors[places] * (places >= 0)[:, None].astype(np.float32)
        return found


def world_of(log: MindLog, embed: Callable[[str], NDArray[np.int8]]) -> World:
    """Read a log and its titles."""
    rows, articles = list(log.impressions()), log.articles()
    seen = {one for row in rows for one in (*row.history, *row.candidates)} & articles.keys()
    names = sorted(seen)
    whole = np.array([embed(articles[name].title) for name in names], np.float32)
    whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1.0)
    whole -= whole.mean(axis=0)
    whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-6)
    return World(rows, {name: k for k, name in enumerate(names)}, whole)


def in_turn(world: World, model: Together | Apart) -> tuple[Scores, float]:
    """Score each slate before its clicks are learned; return scores, and milliseconds a slate."""
    reads: dict[str, list[str]] = {}
    scores: Scores = []
    busy_s = 0.0
    for row in world.rows:
        history = reads.setdefault(row.user_id, list(row.history))
        titles = world.of(row.candidates)
        read = world.of([one for one in history[-N_TOGETHER:] if one in world.place])
        clicked = np.array(row.clicked)
        began_s = time.process_time()
        scores.append(model.scores(titles, read).astype(np.float64))
        model.learn(titles, read, clicked)
        busy_s += time.process_time() - began_s
        clicks = [one for one, was in zip(row.candidates, clicked, strict=True) if was]
        history += [one for one in clicks if one not in history]
    return scores, 1_000 * busy_s / len(world.rows)


def judged(rows: Sequence[MindImpression], scores: Scores) -> tuple[float, float]:
    """Return AUC and nDCG@10 in hundredths."""
    found = []
    for row, values in zip(rows, scores, strict=True):
        ranks = ranks_of(values, row.candidates, impression_id=row.impression_id)
        clicked = np.array(row.clicked)
        found.append((auc(values, clicked), ndcg(ranks, clicked, 10)))
    area, gain = np.nanmean(np.array(found), axis=0)
    return 100 * float(area), 100 * float(gain)


def added(base: Scores, more: Scores, share: float) -> Scores:
    """Add scores that are standardised within their slate."""
    return [
        b + share * (m - m.mean()) / max(m.std(), 1e-6) for b, m in zip(base, more, strict=True)
    ]


def measure(log: MindLog, model: str) -> bool:
    """Compare both on one log."""
    embed = vectors_of_log(log.impressions(), log.articles(), model)
    assert embed is not None, "a sentence model is named"
    core = Settings().core
    config = replace(
        core,
        catalogue=replace(core.catalogue, sentence_model=model),
        vans=replace(core.vans, without=("sentence_fit",)),
    )
    judge, world = Recorder(), world_of(log, embed)
    replay = LocalReplay(config, embed=embed)
    replay.run(world.rows, LogMessages(log.articles()), judge)
    half = len(world.rows) // 2
    first, last = slice(0, half), slice(half, None)
    print(f"{log.folder.name}, {model}, {len(world.rows):,} impressions; last half: AUC, nDCG@10")
    area, gain = judged(world.rows[last], judge.scores[last])
    print(f"  neither                  {area:.2f} {gain:.2f}")
    areas = {}
    for name, scorer in (("together", Together()), ("apart", Apart(world.vectors.shape[1]))):
        scores, cost_ms = in_turn(world, scorer)
        by_share = {s: added(judge.scores, scores, s) for s in SHARES}
        share = max(SHARES, key=lambda s: judged(world.rows[first], by_share[s][first])[0])
        areas[name], gain = judged(world.rows[last], by_share[share][last])
        print(f"  {name:9} in a share of {share:4g} {areas[name]:.2f} {gain:.2f}, {cost_ms:.2f} ms")
    return verdict(
        "attention's AUC above the fit's", areas["apart"] - areas["together"], most=AT_MOST
    )


def main(arguments: Sequence[str]) -> int:
    """Compare both on each log."""
    header("attention over each title is no better than the fit to all together", seed=SEED)
    if not arguments:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "generated"
            generate_log(log, seed=SEED)
            return 0 if measure(MindLog(log), "minilm") else 1
    named = [one.rpartition(":") for one in arguments]
    return 0 if all([measure(MindLog(log), model) for log, _, model in named]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
