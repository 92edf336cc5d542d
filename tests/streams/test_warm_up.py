"""What a stream worker runs is compiled before its first event."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.pipeline import PipelineConfig
from streams.warm_up import warm_up


def compiled():
    loops = {}
    for module in list(sys.modules.values()):
        if module.__name__.startswith("cherryrec"):
            for name, value in vars(module).items():
                if isinstance(value, Dispatcher):
                    loops[f"{value.py_func.__module__}.{name}"] = len(value.signatures)
    return loops


warm_up(PipelineConfig(), n_rounds=int(sys.argv[1]))
before = compiled()
folder = Path(sys.argv[2])
generate_log(folder, n_users=20, n_articles=80, n_impressions=60, days=0.2, seed=3)
log = MindLog(folder)
LocalReplay(PipelineConfig()).run(log.impressions(), LogMessages(log.articles()), Judge())
after = compiled()
print("\\n".join(name for name in after if after[name] != before.get(name)))
"""


@pytest.mark.parametrize(("n_rounds", "only"), [(60, ()), (3, ("cherryrec.vans.kernels.trees.",))])
def test_replay_after_it_compiles_nothing_more_but_the_learners_trees(
    tmp_path: Path, n_rounds: int, only: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(n_rounds), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    later = done.stdout.split()

    assert all(name.startswith(only) for name in later), later
    assert bool(later) == bool(only)
