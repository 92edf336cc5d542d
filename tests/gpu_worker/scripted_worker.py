"""A gpu worker process with a scripted model, for the integration tests."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from cherryrec.tracing import TracingConfig, tracing
from gpu_worker.backends import ScriptedBackend
from gpu_worker.config import GpuConfig
from gpu_worker.main import run_gpu_worker


def main(options: dict[str, Any]) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    backend = ScriptedBackend(before=lambda prompts: time.sleep(options.get("batch_s", 0.0)))
    failures = [RuntimeError("no device")] * options.get("n_failures", 0)
    backend.enqueue_failures(*failures)
    with tracing(TracingConfig(endpoint=options.get("endpoint", "")), "gpu") as tracer:
        return run_gpu_worker(
            GpuConfig(max_wait_s=0.0, **options.get("config", {})),
            topic_prefix=options["prefix"],
            client_kwargs={
                "bootstrap_servers": options["bootstrap_servers"],
                **options.get("client", {}),
            },
            http_port=options["http_port"],
            backend=backend,
            tracer=tracer,
        )


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
