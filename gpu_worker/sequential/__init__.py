"""The networks of the paper's table, as rankings of protocols B and C.

NARM, SASRec and BERT4Rec; GRU4Rec.

Each has a file: a module with a loss over windows of articles and scores of what comes next.
`modules` has what they share, `blocks`, `recurrent` and `dropout` their parts, `losses` the softmax
over all articles. `windows` cuts and pads what users have read, `ranker` trains a module with early
stopping on the validation articles and scores by it; `prequential` teaches one along a log
(protocol C), and `growing` makes room in it for new articles. `config` says how, `config_files`
reads and writes that, and `tuning` tries it. Nothing that serves imports them.
"""

from __future__ import annotations

from gpu_worker.sequential.bert4rec import Bert4Rec
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.config_files import configs_text, load_configs
from gpu_worker.sequential.gru4rec import Gru4Rec
from gpu_worker.sequential.modules import NextArticleModule, SequenceModule
from gpu_worker.sequential.narm import Narm
from gpu_worker.sequential.prequential import PrequentialNetwork
from gpu_worker.sequential.ranker import NetworkRanker, Trained
from gpu_worker.sequential.registry import NETWORKS
from gpu_worker.sequential.sasrec import SasRec

__all__ = [
    "NETWORKS",
    "Bert4Rec",
    "Gru4Rec",
    "Narm",
    "NetworkConfig",
    "NetworkRanker",
    "NextArticleModule",
    "PrequentialNetwork",
    "SasRec",
    "SequenceModule",
    "Trained",
    "configs_text",
    "load_configs",
]
