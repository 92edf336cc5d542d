"""Attention: how much each article is seen and opened, as decayed counters.

`counters` holds the arithmetic; `shard` one source partition's counters with what makes them
exact under crashes and duplicates; activity is what shards tell every other worker.
"""

from __future__ import annotations

from cherryrec.attention.counters import DAY_S, AttentionConfig, DecayedCounters

__all__ = ["DAY_S", "AttentionConfig", "DecayedCounters"]
