"""The language models of protocol B by name."""

from __future__ import annotations

from collections.abc import Mapping

from gpu_worker.generative.gpt4rec import Gpt4Rec
from gpu_worker.generative.p5 import P5
from gpu_worker.generative.tallrec import TallRec

__all__ = ["LANGUAGE_MODELS", "Method"]

Method = type[Gpt4Rec] | type[TallRec] | type[P5]

LANGUAGE_MODELS: Mapping[str, Method] = {"gpt4rec": Gpt4Rec, "tallrec": TallRec, "p5": P5}
"""Name on the command line → its method, in the order of the tables."""
