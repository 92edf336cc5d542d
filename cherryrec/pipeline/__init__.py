"""The pipeline: one worker's core, from an event to the messages that follow from it.

`pipeline` is the way of each event, `ranking` the way of a request, `models` what ranks, `stages`
what ranks while all is new, `trials` how articles become known, `explanation` why its slate
stands so, `evaluation_policy` whether CnLE is asked (by its expected `gain`, inside the `budget`,
at what it `costs`), `preview` what a request would be answered, `windows` when labels are known,
`times` whose clock is believed, `refused` what answers a request that is none, `effects` what comes
out, `ablations` the parts that it can be without.
"""

from __future__ import annotations

from cherryrec.pipeline.config import EvaluatorConfig, PipelineConfig
from cherryrec.pipeline.effects import (
    Choice,
    Closed,
    Effects,
    MemoryStore,
    Pending,
    Position,
    Send,
    Spent,
    Store,
)
from cherryrec.pipeline.models import Models
from cherryrec.pipeline.pipeline import Pipeline
from cherryrec.pipeline.preview import Preview
from cherryrec.pipeline.refused import refused_answer, refused_fields
from cherryrec.pipeline.trials import TrialsConfig

__all__ = [
    "Choice",
    "Closed",
    "Effects",
    "EvaluatorConfig",
    "MemoryStore",
    "Models",
    "Pending",
    "Pipeline",
    "PipelineConfig",
    "Position",
    "Preview",
    "Send",
    "Spent",
    "Store",
    "TrialsConfig",
    "refused_answer",
    "refused_fields",
]
