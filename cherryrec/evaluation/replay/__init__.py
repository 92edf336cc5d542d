"""Replay: a recorded log run through the code that serves, judged impression by impression.

`messages` turns rows into the messages a site would have sent, `local` runs them in one process,
`clicks` does so with a log of clicks alone, both on the `process` of one pipeline and one learner.
`frozen` takes out the features that baselines learn, `judge` keeps score, `learned` tells whether
models did learn. Replay through real Kafka
is `streams.replay`, on the same messages and judge.
"""

from __future__ import annotations

from cherryrec.evaluation.replay.clicks import ClickReplay
from cherryrec.evaluation.replay.frozen import frozen_features
from cherryrec.evaluation.replay.judge import OURS, Judge
from cherryrec.evaluation.replay.learned import LearnedRecord, Pace
from cherryrec.evaluation.replay.local import LocalReplay
from cherryrec.evaluation.replay.messages import LogMessages, Turn

__all__ = [
    "OURS",
    "ClickReplay",
    "Judge",
    "LearnedRecord",
    "LocalReplay",
    "LogMessages",
    "Pace",
    "Turn",
    "frozen_features",
]
