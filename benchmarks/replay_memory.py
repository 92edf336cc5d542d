"""Claim: memory stays flat over a log repeated ten times: the last pass adds at most a tenth.

A pass is the whole log again, later, with other impression ids: new exposures, clicks and slates of
the same articles and users. Every map has a bound; the reference is the memory after the second
pass, when windows and arrays have been filled. Logs named on the command line are repeated;
without one, a generated log is.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks._logs import on_each_log
from benchmarks._report import header, verdict
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.mind_rows import MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages

SEED = 0
N_PASSES = 10
MOST = 1.1


class Unkept(Judge):
    """Judges and keeps nothing: metrics grow with the log, and are not what is measured."""

    def rank(self, row: MindImpression, recommendation: object) -> None:
        """Drop a ranking."""


def again(rows: Sequence[MindImpression], number: int) -> Iterator[MindImpression]:
    """Yield the log as it would come for the `number`-th time."""
    lasts_s = rows[-1].shown_at - rows[0].shown_at + 60.0
    for row in rows:
        yield replace(
            row,
            impression_id=f"{row.impression_id}-{number}",
            shown_at=row.shown_at + number * lasts_s,
        )


def resident_mib() -> float:
    """Read the memory this process holds now, in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(log: MindLog) -> bool:
    """Print one log's memory by pass; say whether the claim holds."""
    name = log.folder.name
    rows = list(log.impressions())
    replay, messages = LocalReplay(Settings().core), LogMessages(log.articles())
    after = []
    for number in range(N_PASSES):
        replay.run(again(rows, number), messages, Unkept())
        replay.latencies_s.clear()
        after.append(resident_mib())
        print(f"{name}: pass {number + 1}: {after[-1]:,.0f} MiB", flush=True)
    return verdict(f"{name}: last pass against the second", after[-1] / after[1], most=MOST)


def main(folders: Sequence[str]) -> int:
    """Print the tables; exit 1 where the claim does not hold."""
    header(f"memory of a local replay over a log repeated {N_PASSES} times", seed=SEED)
    return on_each_log(folders, measure, seed=SEED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
