"""A checkpoint of random weights, drawn on the device it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config

from cherryrec.errors import ModelError
from gpu_worker.config import GpuConfig
from gpu_worker.small_model import small_model_path

__all__ = ["SIZES", "write_checkpoint"]

SIZES: dict[str, dict[str, Any]] = {
    "7b": {
        "vocab_size": 152_064,
        "hidden_size": 3_584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 32_768,
    },
    "tiny": {
        "vocab_size": 49_152,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32_768,
    },
}
"""By name, as Qwen2's configurations say; `7b` is that of Qwen2-7B."""


def write_checkpoint(folder: Path, size: str, *, device: torch.device) -> float:
    """Draw a model of a size, and write it with a tokenizer; return its parameters in billions.

    Raises
    ------
    ModelError
        The small model, whose tokenizer is used, is not there.
    """
    source = small_model_path(Path(GpuConfig().model_cache_dir))
    if source is None:
        msg = "the small model's tokenizer must be there: run `cherryrec model fetch`"
        raise ModelError(msg)
    rope = {"rope_type": "default", "rope_theta": 1e6}
    config = Qwen2Config(**SIZES[size], rope_parameters=rope, tie_word_embeddings=False)
    torch.manual_seed(0)
    with device:
        model: Any = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, dtype=torch.bfloat16
        )
    n_parameters: int = sum(one.numel() for one in model.parameters())
    model.save_pretrained(folder, max_shard_size="4GB")
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return n_parameters / 1e9
