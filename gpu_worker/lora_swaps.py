"""What becomes of published LoRA weights: put on between two batches, or refused and counted.

No Kafka: records come in, the backend changes. Which weights are served depends on the settings and
the newest record alone, so that a worker that starts and one that has run for weeks agree.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from cherryrec.codec import decode
from cherryrec.errors import CherryRecError
from cherryrec.events import LoraPublished
from gpu_worker.backends import Backend, Tunable
from gpu_worker.counts import WorkerState
from gpu_worker.lora import LoraWeights, read_lora

__all__ = ["LoraSwaps", "Published"]

logger = logging.getLogger(__name__)


class Published(Protocol):
    """A record of `lora-weights`: the base model's name, and the message or a tombstone."""

    @property
    def key(self) -> bytes | None:
        """The base model's name."""
        ...

    @property
    def value(self) -> bytes | None:
        """The message; None is a tombstone."""
        ...


class LoraSwaps:
    """Keeps a backend at the weights that were published last for its model.

    Parameters
    ----------
    backend
        What to put them on; one that takes none ignores them.
    lora_path
        Weights of the settings, which a tombstone goes back to; empty for none.
    state
        Where swaps, refusals and the version are shown.
    """

    def __init__(self, backend: Backend, *, lora_path: str, state: WorkerState) -> None:
        self._backend = backend
        self._lora_path = lora_path
        self._state = state

    def follow(self, records: Iterable[Published]) -> None:
        """Apply the newest of these records that is for this model.

        A failure leaves the weights from before in use: it is logged and counted, not raised.
        """
        if not isinstance(self._backend, Tunable):
            return
        base = self._backend.base
        newest = [record for record in records if record.key == base.encode()][-1:]
        for record in newest:
            before = self._backend.version
            # The edge around one message: whatever the weights do, the old ones go on serving.
            try:
                self._backend.take_lora(self._wanted(record))
            except Exception as error:
                self._state.lora_refusals += 1
                reason = error if isinstance(error, CherryRecError) else repr(error)
                logger.error("published LoRA weights are not used, %s goes on: %s", before, reason)
                continue
            self._state.model = self._backend.version
            if self._backend.version != before:
                self._state.lora_swaps += 1
                logger.info("LoRA weights swapped: %s is now %s", before, self._backend.version)

    def _wanted(self, record: Published) -> LoraWeights | None:
        """Return the weights that a record asks for; those of the settings for a tombstone."""
        if record.value is None:
            return read_lora(Path(self._lora_path)) if self._lora_path else None
        message = decode(LoraPublished, record.value)
        return LoraWeights(path=message.path, base=message.base, fingerprint=message.fingerprint)
