"""From settings to a model on its device: checkpoint, precision, LoRA weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from cherryrec.errors import ConfigError, ModelError
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.backends.four_bits import keep_as_read
from gpu_worker.config import GpuConfig
from gpu_worker.fingerprint import fingerprint
from gpu_worker.lora import read_lora
from gpu_worker.small_model import SMALL_MODEL, small_model_path

__all__ = ["DEFAULT_GPU_MODEL", "Base", "load_base", "load_causal_lm"]

DEFAULT_GPU_MODEL = "Qwen/Qwen2-7B"
"""The paper's model."""

_LOAD_ERRORS = (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError)


def load_causal_lm(config: GpuConfig) -> CausalLM:
    """Load the model, its tokenizer and its LoRA weights.

    Raises
    ------
    ConfigError
        The device is not there.
    ModelError
        The checkpoint or the LoRA weights cannot be loaded.
    """
    base = load_base(config)
    base.model.train(False)
    backend = CausalLM(
        base.model,
        base.tokenizer,
        name=base.name,
        version=base.version,
        title_tokens=config.title_tokens,
        prefix_cache_bytes=config.prefix_cache_bytes,
        merges_lora=not base.is_nf4,
    )
    if config.lora_path:
        backend.take_lora(read_lora(Path(config.lora_path)))
    return backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A checkpoint as it was loaded, without LoRA weights.

    Parameters
    ----------
    model, tokenizer
        On its device; not yet in evaluation mode.
    name
        The checkpoint without the folders it lies in.
    source
        Its folder, or its name on the hub.
    version
        Checkpoint and arithmetic.
    is_nf4
        Whether the weights are in 4 bits.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str
    source: str
    version: str
    is_nf4: bool


def load_base(config: GpuConfig) -> Base:
    """Load the model and its tokenizer, to serve or to fine-tune; `lora_path` is not looked at.

    Raises
    ------
    ConfigError
        The device is not there.
    ModelError
        The checkpoint cannot be loaded.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]  # a log is no terminal
    device = _device(config.device)
    source = _source(config, device)
    nf4 = config.quantisation == "nf4" or (config.quantisation == "auto" and device.type == "cuda")
    dtype_name = _auto_dtype(device) if config.dtype == "auto" else config.dtype
    dtype: torch.dtype = getattr(torch, dtype_name)
    if config.n_threads:
        torch.set_num_threads(config.n_threads)
    tokenizer, model = _loaded(source, device=device, dtype=dtype, nf4=nf4)
    version = f"{_short(source)}@{_revision(source, model)}/{'nf4-' if nf4 else ''}{dtype_name}"
    return Base(
        model=model,
        tokenizer=tokenizer,
        name=_short(source),
        source=source,
        version=version,
        is_nf4=nf4,
    )


def _auto_dtype(device: torch.device) -> str:
    """Return the fastest arithmetic: bfloat16, but on a CPU without instructions for it."""
    has_bfloat16 = device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return "bfloat16" if has_bfloat16 else "float32"


def _device(name: str) -> torch.device:
    """Return the device meant, if it is there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        msg = f"device must be auto, cpu, cuda or cuda:N, got {name!r}"
        raise ConfigError(msg) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        msg = f"device {name!r} is not there: {torch.cuda.device_count()} GPUs are visible"
        raise ConfigError(msg)
    return device


def _source(config: GpuConfig, device: torch.device) -> str:
    """Return a folder or a hub name."""
    model = config.model
    if model == "auto":
        model = DEFAULT_GPU_MODEL if device.type == "cuda" else "small"
    if model != "small":
        folder = Path(model).expanduser()
        return str(folder) if folder.is_dir() else model
    small = small_model_path(Path(config.model_cache_dir))
    if small is None:
        msg = (
            f"the small model is not in {config.model_cache_dir!r}: run `cherryrec model fetch` "
            "(93 MB, once)"
        )
        raise ModelError(msg)
    return str(small)


def _loaded(
    source: str, *, device: torch.device, dtype: torch.dtype, nf4: bool
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """Load tokenizer and weights; code and pickles of a checkpoint are never run."""
    quantisation = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    options: dict[str, Any] = {"quantization_config": quantisation} if nf4 else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype, device_map={"": device}, use_safetensors=True, **options
        )
    except _LOAD_ERRORS as error:
        raise ModelError(_why_not(source, error)) from error
    if nf4:
        keep_as_read(model)
    return tokenizer, model


def _why_not(source: str, error: Exception) -> str:
    """One line on a checkpoint that did not load, with what to do."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if Path(source).is_dir():
        return f"cannot load the model in {source!r}: {lines[0]}"
    try:
        AutoConfig.from_pretrained(source, local_files_only=True)
    except _LOAD_ERRORS:
        return (
            f"model {source!r} is neither a folder nor in the Hugging Face cache, and the hub "
            f"could not be used ({lines[0][:200]}): run `hf download {source}` on a machine with "
            "network and set HF_HOME to its cache, or set model to a folder or to 'small'"
        )
    return f"cannot load model {source!r}: {lines[0]}"


def _short(source: str) -> str:
    """Name of the model without the folders it lies in."""
    return Path(source).name if Path(source).is_dir() else source


def _revision(source: str, model: PreTrainedModel) -> str:
    """Return the hub's commit, or the fingerprint of a folder."""
    if Path(source).is_dir():
        return (
            SMALL_MODEL
            if Path(source).name == SMALL_MODEL
            else fingerprint(Path(source).glob("*.safetensors"))
        )
    return str(getattr(model.config, "_commit_hash", None) or "unknown")[:12]
