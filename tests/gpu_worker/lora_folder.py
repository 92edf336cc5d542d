"""A folder that looks like LoRA weights, for backends that do not read them."""

from __future__ import annotations

import json
from pathlib import Path

from cherryrec.codec import encode
from cherryrec.events import LoraPublished, instant
from gpu_worker.lora import LoraWeights, read_lora
from tests.worlds import START_S


def write_folder(folder: Path, *, base: str = "scripted", weights: bytes = b"one") -> LoraWeights:
    folder.mkdir(parents=True, exist_ok=True)
    config = {"peft_type": "LORA", "base_model_name_or_path": f"somewhere/{base}"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes(weights)
    return read_lora(folder)


def published(weights: LoraWeights, **changes: str) -> bytes:
    """The message that has these weights served."""
    fields = {
        "base": weights.base,
        "path": weights.path,
        "fingerprint": weights.fingerprint,
    }
    return encode(LoraPublished(published_at=instant(START_S), **(fields | changes)))
