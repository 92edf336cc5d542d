"""Logs with known truth: users who drift, articles that age, stories that break.

`words` and `headlines` write, `world` draws articles, stories and users, `slates` shows and clicks,
`log` writes MIND's files, `truth` keeps what no real log tells. One rng decides everything.
"""

from __future__ import annotations

from cherryrec.evaluation.generate.log import generate_log
from cherryrec.evaluation.generate.truth import Truth, read_truth

__all__ = ["Truth", "generate_log", "read_truth"]
