"""LoRA weights for the random Qwen2, as peft writes them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from gpu_worker.lora import LoraWeights, read_lora


def write_lora(
    folder: Path, checkpoint: Path, *, seed: int, targets: tuple[str, ...] = ("q_proj", "v_proj")
) -> LoraWeights:
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    tuned = get_peft_model(model, LoraConfig(r=4, lora_alpha=16, target_modules=list(targets)))
    for name, weights in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.2)
    tuned.save_pretrained(str(folder))
    return read_lora(folder)


def rewrite_config(folder: Path, **changes: object) -> LoraWeights:
    """Say something else in the settings of weights that are there."""
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return read_lora(folder)
