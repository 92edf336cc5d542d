"""Logs with known truth: users who drift, articles that age, stories that break.

`words` and `headlines` write, `world` draws articles, stories and users, `slates` shows and clicks,
`log` writes MIND's files, `truth` keeps what no real log tells. One rng decides everything.
`readers` lets them read live what somebody else ranks. `displays` makes a smaller world, of single
articles drawn at random, in R6B's layout.
"""

from __future__ import annotations

from cherryrec.evaluation.generate.displays import DisplayWorld, write_displays
from cherryrec.evaluation.generate.log import generate_log
from cherryrec.evaluation.generate.readers import Readers
from cherryrec.evaluation.generate.truth import Truth, read_truth

__all__ = ["DisplayWorld", "Readers", "Truth", "generate_log", "read_truth", "write_displays"]
