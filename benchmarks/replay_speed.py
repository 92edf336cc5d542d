"""Claim: a local replay with all features and members handles 500 impressions a second of one core.

Without baselines. The reference, in turns with it, is River's StandardScaler | LogisticRegression
learning and predicting the same slates row by row on ten numbers a row: what the plainest online
ranker costs. Logs named on the command line are replayed; without one, a generated log is.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: one core is claimed

from river import linear_model, preprocessing

from benchmarks._logs import on_each_log
from benchmarks._report import header, spread, verdict
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages

SEED = 0
N_RUNS = 3
N_REFERENCE = 300
AT_LEAST = 500.0
N_LARGEST = 5


def replay(log: MindLog, rows: Sequence[MindImpression]) -> None:
    """Replay rows with the default settings, no baselines."""
    messages = LogMessages(log.articles())
    LocalReplay(Settings().core).run(rows, messages, Judge())


def plain(rows: Sequence[MindImpression]) -> None:
    """Rank and learn the same slates row by row with River."""
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    for row in rows:
        clicked = row.clicked or (False,) * len(row.candidates)
        features = [
            {str(k): float(hash((a, k)) % 1_000) for k in range(10)} for a in row.candidates
        ]
        for x in features:
            model.predict_proba_one(x)
        for x, label in zip(features, clicked, strict=True):
            model.learn_one(x, label)


def cpu_s(action: object, *arguments: object) -> float:
    """Measure the processor seconds of a call."""
    assert callable(action), "an action is called"
    started = time.process_time()
    action(*arguments)
    return time.process_time() - started


def largest(log: MindLog, rows: Sequence[MindImpression]) -> list[str]:
    """Profile a replay; return the five functions of ours in which most time was spent."""
    profile = cProfile.Profile()
    profile.runcall(replay, log, rows)
    stats = pstats.Stats(profile)
    timed = stats.stats  # type: ignore[attr-defined]
    own = [
        (seconds, f"{Path(file).parent.name}/{Path(file).name}:{name}")
        for (file, _, name), (_, _, seconds, _, _) in timed.items()
    ]
    total = sum(seconds for seconds, _ in own)
    return [f"{s / total:6.1%}  {name}" for s, name in sorted(own, reverse=True)[:N_LARGEST]]


def measure(log: MindLog) -> bool:
    """Print one log's table; say whether the claim holds."""
    name = log.folder.name
    rows = list(log.impressions())
    replay(log, rows[:100])  # compiles, or reads what was compiled
    rates, ratios = [], []
    for _ in range(N_RUNS):
        own = cpu_s(replay, log, rows) / len(rows)
        reference = cpu_s(plain, rows[:N_REFERENCE]) / min(N_REFERENCE, len(rows))
        rates.append(1.0 / own)
        ratios.append(own / reference)
    n_shown = statistics.fmean(len(row.candidates) for row in rows)
    print(f"{name}: {len(rows):,} impressions of {n_shown:.1f} articles")
    print(f"  impressions/s of one core   {spread(rates)}")
    print(f"  times the reference's cost  {spread(ratios, 2)}")
    print("  largest parts, without what they call:")
    for line in largest(log, rows[: min(len(rows), 1_500)]):
        print(f"    {line}")
    return verdict(f"{name}: impressions/s", statistics.median(rates), at_least=AT_LEAST)


def main(folders: Sequence[str]) -> int:
    """Print the tables; exit 1 where the claim does not hold."""
    header(f"local replay of whole logs, {N_RUNS} runs", seed=SEED)
    return on_each_log(folders, measure, seed=SEED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
