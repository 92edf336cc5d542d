"""What makes a process fit to be supervised, whatever it works on.

Not of the core: it has clocks, threads and Kafka, which stream worker, learner and gpu worker all
need at their edges. `look` and `Lookout` know the cluster and its topics
by Kafka's own ids, and see when they are no longer those the worker began with.
"""

from __future__ import annotations

from cherryrec.supervised.cluster import Cluster, Lookout, look

__all__ = ["Cluster", "Lookout", "look"]
