"""LoRA weights score as the model they tuned, under NF4 too, or are named where they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from cherryrec.cnle import ANSWER_CUE, LETTERS, Prompt
from cherryrec.errors import ModelError
from tests.gpu_worker.tiny_qwen import load, logits_of, reference

pytestmark = [
    # peft 0.21 reads a property that transformers 5.23 has renamed.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    # bitsandbytes' import of torch.jit.
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning"),
]


def test_lora_weights_change_scores_and_version(
    checkpoint: Path, prompts: list[Prompt], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    tuned = get_peft_model(
        model, LoraConfig(r=8, lora_alpha=32, target_modules=["q_proj", "v_proj"])
    )
    for name, weights in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.2)
    tuned.save_pretrained(str(tmp_path))

    plain, with_lora = load(checkpoint), load(checkpoint, lora_path=str(tmp_path))

    assert plain.version != with_lora.version
    (before,), (after,) = logits_of(plain, prompts[:1]), logits_of(with_lora, prompts[:1])
    assert not np.allclose(before, after, atol=1e-2)
    with torch.inference_mode():
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        ids = tokenizer(prompts[0].text, return_tensors="pt").input_ids
        whole = tuned.eval()(ids).logits[0, -1].double().numpy()
    letters = [tokenizer(f"{ANSWER_CUE} {letter}").input_ids[-1] for letter in LETTERS]
    assert np.allclose(after, whole[letters][: len(after)], atol=1e-3)


def test_nf4_with_lora_scores_as_weights_rounded_to_nf4(
    checkpoint: Path, prompts: list[Prompt], tmp_path: Path
) -> None:
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    get_peft_model(model, LoraConfig(r=8, target_modules=["q_proj", "v_proj"])).save_pretrained(
        str(tmp_path / "lora")
    )
    rounded = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    for layer in rounded.model.modules():
        if isinstance(layer, torch.nn.Linear):
            packed, state = quantize_4bit(layer.weight.data, quant_type="nf4")
            layer.weight.data = dequantize_4bit(packed, state)
    rounded.save_pretrained(tmp_path / "rounded")
    AutoTokenizer.from_pretrained(checkpoint).save_pretrained(tmp_path / "rounded")

    backend = load(checkpoint, quantisation="nf4", lora_path=str(tmp_path / "lora"))

    assert "/nf4-float32+lora:" in backend.version
    for prompt in prompts[1:]:
        (logits,) = logits_of(backend, [prompt])
        wanted = reference(tmp_path / "rounded", prompt)
        assert np.corrcoef(logits, wanted)[0, 1] > 0.95
        assert not np.allclose(logits, reference(checkpoint, prompt), atol=1e-2)


def test_lora_weights_that_do_not_fit_are_named(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"adapter_config\.json"):
        load(checkpoint, lora_path=str(tmp_path))
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors"):
        load(checkpoint, lora_path=str(tmp_path))
    (tmp_path / "adapter_model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="cannot put the LoRA weights"):
        load(checkpoint, lora_path=str(tmp_path))
