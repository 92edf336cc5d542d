"""KnRS: the news value of every live article for one user, and the few that go on.

`metrics` computes the paper's f1 to f5 for all rows at once, `select` weighs them and keeps the
quota.
"""

from __future__ import annotations

from cherryrec.knrs.config import METRICS, KnrsConfig
from cherryrec.knrs.metrics import metrics
from cherryrec.knrs.select import Selection, n_kept, select

__all__ = ["METRICS", "KnrsConfig", "Selection", "metrics", "n_kept", "select"]
