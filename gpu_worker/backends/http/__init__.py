"""CnLE on a cluster: the model runs in vLLM or SGLang servers, which are asked over HTTP.

`servers` is the client: connections that are kept, retries, one prompt's time. `wire` is what the
two kinds of server are asked and how their answers are read, without I/O. `tokens` cuts titles,
with a tokenizer here or the servers'. `backend` puts them behind the protocol of every backend, and
`loading` makes one after it has looked at the servers. Nothing here imports torch.
"""

from __future__ import annotations

from gpu_worker.backends.http.backend import HttpBackend
from gpu_worker.backends.http.loading import load_http

__all__ = ["HttpBackend", "load_http"]
