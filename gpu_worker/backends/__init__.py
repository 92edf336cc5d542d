"""Models behind one protocol: prompts in, the logits of their index letters out.

`causal_lm` runs transformers in process, `http` asks a cluster of servers, `scripted` answers what
it was told. Importing this package imports no model library; `load_backend` does, when it is asked
for one.
"""

from __future__ import annotations

from cherryrec.errors import ModelError
from gpu_worker.backends.protocol import Backend, LetterScores, Tunable, Verdict
from gpu_worker.backends.scripted import ScriptedBackend
from gpu_worker.config import GpuConfig

__all__ = ["Backend", "LetterScores", "ScriptedBackend", "Tunable", "Verdict", "load_backend"]


def load_backend(config: GpuConfig) -> Backend:
    """Load the model that the configuration names.

    Raises
    ------
    ModelError
        It is not there, does not fit, or the libraries for it are not installed.
    ServiceError
        The servers of backend `http` do not answer.
    """
    if config.backend == "scripted":
        return ScriptedBackend()
    if config.backend == "http":
        from gpu_worker.backends.http import load_http

        return load_http(config)
    try:
        from gpu_worker.backends.loading import load_causal_lm
    except ImportError as error:
        msg = f"the language model needs {error.name!r}: install cherryrec[llm]"
        raise ModelError(msg) from error
    return load_causal_lm(config)
