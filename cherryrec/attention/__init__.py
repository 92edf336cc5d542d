"""Attention: how much each article is seen and opened, as decayed counters.

`counters` holds the arithmetic, `kernels` its loops over events. What makes the counters of one
source partition exact under crashes and duplicates is in `cherryrec.activity`.
"""

from __future__ import annotations

from cherryrec.attention.counters import DAY_S, AttentionConfig, DecayedCounters

__all__ = ["DAY_S", "AttentionConfig", "DecayedCounters"]
