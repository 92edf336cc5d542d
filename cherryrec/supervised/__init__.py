"""What makes a process fit to be supervised, whatever it works on.

Not of the core: it has clocks, threads and Kafka, which stream worker, learner and gpu worker all
need at their edges. `Gates` say what a worker waits for and `ProbeServer` tells it; `TurnWatch`
looks at the loop and `Ending` at the stop, each from a thread; `look` and `Lookout` know the
cluster and its topics by Kafka's own ids, whether it answers, and whether they are still those the
worker began with; `connected` makes a client of it that leaves nothing open where nobody answers;
`Repeats` keeps the log readable meanwhile; `instance_headers` say which process answers a probe.
"""

from __future__ import annotations

from cherryrec.supervised.clients import connected
from cherryrec.supervised.cluster import Cluster, Lookout, look
from cherryrec.supervised.ending import UNFINISHED, Ending
from cherryrec.supervised.gates import Gates
from cherryrec.supervised.instance import (
    INSTANCE_HEADER,
    INSTANCE_VARIABLE,
    instance_headers,
)
from cherryrec.supervised.probes import Answer, ProbeServer
from cherryrec.supervised.repeats import Repeats
from cherryrec.supervised.turns import TurnWatch

__all__ = [
    "INSTANCE_HEADER",
    "INSTANCE_VARIABLE",
    "UNFINISHED",
    "Answer",
    "Cluster",
    "Ending",
    "Gates",
    "Lookout",
    "ProbeServer",
    "Repeats",
    "TurnWatch",
    "connected",
    "instance_headers",
    "look",
]
