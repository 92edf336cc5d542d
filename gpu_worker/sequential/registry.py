"""The networks by name."""

from __future__ import annotations

from collections.abc import Mapping

from gpu_worker.sequential.bert4rec import Bert4Rec
from gpu_worker.sequential.gru4rec import Gru4Rec
from gpu_worker.sequential.modules import SequenceModule
from gpu_worker.sequential.narm import Narm
from gpu_worker.sequential.sasrec import SasRec

__all__ = ["NETWORKS"]

NETWORKS: Mapping[str, type[SequenceModule]] = {
    "gru4rec": Gru4Rec,
    "narm": Narm,
    "sasrec": SasRec,
    "bert4rec": Bert4Rec,
}
"""Name on the command line → its module, in the order of the tables."""
