"""The networks of the paper's table, as rankings of protocol B: NARM, SASRec and BERT4Rec.

Each has a file: a module with a loss over windows of articles and scores of what comes next.
`windows` cuts and pads what users have read, `ranker` trains a module with early stopping on the
validation articles and scores by it, `config` says how. Nothing that serves imports them.
"""

from __future__ import annotations

from gpu_worker.sequential.bert4rec import Bert4Rec
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.narm import Narm
from gpu_worker.sequential.ranker import NetworkRanker, SequenceModule, Trained
from gpu_worker.sequential.registry import NETWORKS
from gpu_worker.sequential.sasrec import SasRec

__all__ = [
    "NETWORKS",
    "Bert4Rec",
    "Narm",
    "NetworkConfig",
    "NetworkRanker",
    "SasRec",
    "SequenceModule",
    "Trained",
]
