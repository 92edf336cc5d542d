"""Turning a GGUF file into weights that load in under a second."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from cherryrec.errors import ModelError

__all__ = ["convert_gguf"]


def convert_gguf(gguf_file: Path, folder: Path) -> None:
    """Write bfloat16 safetensors and the tokenizer of a GGUF file into an existing folder.

    transformers dequantises a GGUF while it loads, which takes tens of seconds, and refuses to
    save what it got; a clean model of the same configuration takes over the tensors.

    Parameters
    ----------
    gguf_file
        The file to read.
    folder
        Where to write; it can then be given to `from_pretrained`.

    Raises
    ------
    ModelError
        The file cannot be read as a model and a tokenizer.
    """
    source = str(gguf_file.parent)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf_file.name)
        loaded = AutoModelForCausalLM.from_pretrained(
            source,
            gguf_file=gguf_file.name,
            dtype=torch.float32,
            quantization_config=GgufConfig(dequantize=True),
        )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        msg = f"cannot read {gguf_file.name!r} as a GGUF model: {error}"
        raise ModelError(msg) from error
    # Otherwise the plain weights would be announced as quantised, and loaded as such.
    if hasattr(loaded.config, "quantization_config"):
        del loaded.config.quantization_config
    clean = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
        loaded.config, dtype=torch.bfloat16
    )
    clean.load_state_dict(loaded.state_dict())
    clean.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
