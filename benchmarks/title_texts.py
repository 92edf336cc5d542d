"""Claim: a sentence model's vectors of titles rank as well as those of titles with abstracts.

A log is replayed with either. Reported are AUC and nDCG@10 of the whole log and of its second half.
A log is named on the command line with its sentence model: `mind_small:minilm`; without one a
generated log is used, which has no abstracts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._report import header, verdict
from cherryrec.cli.options import cache_dir
from cherryrec.cli.remembered import vectors_of
from cherryrec.cli.settings import Settings
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.metrics import LogPart
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import OURS, Judge, LocalReplay, LogMessages

SEED = 0
AT_MOST = 0.2
"""AUC in hundredths by which abstracts may be better: as much as seeds differ by."""


def ranked(log: MindLog, model: str, *, with_abstracts: bool) -> float:
    """Replay a log with vectors of either text, print what comes of it, and return the AUC."""
    rows, articles = list(log.impressions()), log.articles()
    text = {one.title: one.title for one in articles.values()}
    if with_abstracts:
        text = {one.title: f"{one.title}. {one.abstract}" for one in articles.values()}
    seen = {one for row in rows for one in (*row.history, *row.candidates)} & articles.keys()
    wanted = (text[articles[one].title] for one in sorted(seen))
    read = vectors_of(wanted, model, cache_dir())
    assert read is not None, "a sentence model is named"

    def embed(title: str) -> NDArray[np.int8]:
        return read(text.get(title, title))

    core = Settings().core
    config = replace(core, catalogue=replace(core.catalogue, sentence_model=model))
    judge = Judge()
    LocalReplay(config, embed=embed).run(rows, LogMessages(articles), judge)
    found = judge.metrics[OURS]
    parts: dict[str, LogPart] = {"whole log": "whole", "second half": "second_half"}
    told = ", ".join(
        f"{name} " + " ".join(f"{100 * found.mean(m, part=part):.2f}" for m in ("auc", "ndcg@10"))
        for name, part in parts.items()
    )
    print(f"  {'with abstracts' if with_abstracts else 'titles'}: {told}")
    return 100 * found.mean("auc")


def measure(log: MindLog, model: str) -> bool:
    """Compare both on one log."""
    print(f"{log.folder.name}, {model}: AUC, nDCG@10")
    titles, more = (ranked(log, model, with_abstracts=one) for one in (False, True))
    return verdict("AUC with abstracts above that of titles", more - titles, most=AT_MOST)


def main(arguments: Sequence[str]) -> int:
    """Compare both on each log."""
    header("vectors of titles rank as well as those of titles with abstracts", seed=SEED)
    if not arguments:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "generated"
            generate_log(log, seed=SEED)
            return 0 if measure(MindLog(log), "minilm") else 1
    named = [one.rpartition(":") for one in arguments]
    return 0 if all([measure(MindLog(log), model) for log, _, model in named]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
