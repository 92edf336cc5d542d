"""A worker of the storm: the real one, but for a store that can fail and a scripted model.

`python -m benchmarks._chaos.process stream|gpu|learner`; settings come from the environment as
for `cherryrec worker`. While the file that `CHAOS_FULL` names is there, a stream worker's local
store refuses all writes as a full disk does.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from cherryrec.cli.settings import load_settings

__all__ = ["main"]


def main(kind: str) -> int:
    """Run one worker until a signal; return its exit code."""
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("aiokafka", "kafka", "faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    full = os.environ.pop("CHAOS_FULL", "")
    settings = load_settings(None, os.environ)
    if kind == "stream":
        from streams.worker import StreamWorker

        if full:
            _fail_while(Path(full))
        return StreamWorker(settings.kafka, settings.stream, settings.core).run()
    if kind == "learner":
        from streams.learner import LearnerProcess

        return LearnerProcess(settings.kafka, settings.learner, settings.core).run()
    from gpu_worker.backends import ScriptedBackend
    from gpu_worker.main import run_gpu_worker

    return run_gpu_worker(
        settings.gpu,
        topic_prefix=settings.kafka.prefix,
        client_kwargs={"bootstrap_servers": settings.kafka.bootstrap_servers},
        http_port=settings.gpu.http_port,
        http_host=settings.gpu.http_host,
        backend=ScriptedBackend(),
    )


def _fail_while(full: Path) -> None:
    """Let every write to RocksDB fail while a file is there."""
    from streams.engine.stores import RocksPartitions

    write = RocksPartitions.write

    def failing(store: Any, *args: Any) -> None:
        if full.exists():
            msg = "IO error: No space left on device (by the storm)"
            raise OSError(28, msg)
        write(store, *args)

    RocksPartitions.write = failing  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
