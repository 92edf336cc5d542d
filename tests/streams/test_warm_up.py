"""What a worker runs is compiled before its first event."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import PipelineConfig
from streams.warm_up import warm_up

SCRIPT = """
import sys
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.feedback import FeedbackConfig
from cherryrec.pipeline import PipelineConfig
from streams.warm_up import warm_up, warm_up_learner


def compiled():
    loops = {}
    for module in list(sys.modules.values()):
        if module.__name__.startswith("cherryrec"):
            for name, value in vars(module).items():
                if isinstance(value, Dispatcher):
                    loops[f"{value.py_func.__module__}.{name}"] = len(value.signatures)
    return loops


feedback = FeedbackConfig(attribution_window_s=float(sys.argv[2]))
config = PipelineConfig(feedback=feedback)
{"stream": warm_up, "learner": warm_up_learner}[sys.argv[1]](config)
before = compiled()
folder = Path(sys.argv[3])
generate_log(folder, n_users=20, n_articles=80, n_impressions=130, days=0.2, seed=3)
log = MindLog(folder)
LocalReplay(config).run(log.impressions(), LogMessages(log.articles()), Judge())
after = compiled()
print("\\n".join(name for name in after if after[name] != before.get(name)))
"""

START = """
import sys

from cherryrec.cli.settings import load_settings
from cherryrec.cli.worker import stream
from streams.warm_up import warm_up
from streams.worker import StreamWorker

settings = load_settings(None, {})
StreamWorker(settings.kafka, settings.stream, settings.core)
warm_up(settings.core)
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""

NOT_NEEDED = ("scipy.stats", "scipy.special", "river.linear_model", "river.optim", "narwhals")
"""What imports for a second and a half of processor time, for learners that few have."""


@pytest.mark.slow
def test_a_stream_worker_starts_without_the_models_of_river_and_what_they_bring() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START, *NOT_NEEDED, "faust", "river.base"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["faust", "river.base"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("worker", "window_s", "only"),
    [("learner", 0, ()), ("learner", 1_800, ()), ("stream", 0, ("cherryrec.vans.kernels.trees.",))],
)
def test_replay_after_it_compiles_nothing_more_but_what_only_learning_runs(
    tmp_path: Path, worker: str, window_s: int, only: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, worker, str(window_s), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    later = done.stdout.split()

    assert all(name.startswith(only) for name in later), later
    assert bool(later) == bool(only)


def test_windows_of_days_are_rehearsed() -> None:
    days_s = 3 * 86_400.0
    feedback = FeedbackConfig(
        attribution_window_s=days_s, label_after_s=days_s, correction_s=days_s
    )

    warm_up(PipelineConfig(feedback=feedback))  # asserts that it has learned
