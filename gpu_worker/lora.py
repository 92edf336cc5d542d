"""LoRA weights in a folder, as peft writes them: what they tune, and which they are.

Read without torch, so that the command that publishes them and the workers that take them agree on
what a folder is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from cherryrec.errors import ModelError
from gpu_worker.fingerprint import fingerprint

__all__ = ["LoraWeights", "base_name", "read_lora", "require_same"]

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"

_ONLY_LAYERS = ("modules_to_save", "trainable_token_indices", "target_parameters")
"""What peft can tune besides layers: it would change the base model itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraWeights:
    """LoRA weights that can be put on a model.

    Parameters
    ----------
    path
        Their folder, as whoever loads them sees it.
    base
        The model they tune, see `base_name`.
    fingerprint
        12 hex digits of their files.
    """

    path: str
    base: str
    fingerprint: str

    @property
    def mark(self) -> str:
        """What they add to a model's version."""
        return f"+lora:{self.fingerprint}"


def base_name(source: str) -> str:
    """Return a model's name without the folders or the organisation it lies in.

    The same checkpoint is a folder for one process and a name on the hub for another.

    Examples
    --------
    >>> base_name("Qwen/Qwen2-7B"), base_name("/models/Qwen2-7B/")
    ('Qwen2-7B', 'Qwen2-7B')
    """
    return PurePosixPath(source).name or source


def read_lora(folder: Path) -> LoraWeights:
    """Read what LoRA weights a folder holds; the weights themselves stay on disk.

    Raises
    ------
    ModelError
        It holds none, or some that cannot be taken off a model again.
    """
    path = folder.expanduser()
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (path / name).is_file():
            msg = f"LoRA weights must be a folder with {name}, got {str(folder)!r}"
            raise ModelError(msg)
    config = _config(path / CONFIG_FILE)
    if config.get("peft_type") != "LORA":
        msg = f"{path / CONFIG_FILE} must say peft_type 'LORA', got {config.get('peft_type')!r}"
        raise ModelError(msg)
    extras = [name for name in _ONLY_LAYERS if config.get(name)]
    if config.get("bias", "none") != "none":
        extras.append("bias")
    if extras:
        msg = (
            f"LoRA weights in {str(folder)!r} must tune layers only, got {', '.join(extras)}: "
            "train them without"
        )
        raise ModelError(msg)
    return LoraWeights(
        path=str(path.absolute()),
        base=base_name(str(config.get("base_model_name_or_path") or "")),
        fingerprint=fingerprint([path / CONFIG_FILE, path / WEIGHTS_FILE]),
    )


def require_same(wanted: LoraWeights) -> None:
    """Raise a `ModelError` unless the folder holds these very weights."""
    found = read_lora(Path(wanted.path))
    for name in ("base", "fingerprint"):
        if getattr(found, name) != getattr(wanted, name):
            msg = (
                f"LoRA weights in {wanted.path!r} must have {name} {getattr(wanted, name)!r} as "
                f"they were published, got {getattr(found, name)!r}: publish the folder again"
            )
            raise ModelError(msg)


def _config(file: Path) -> dict[str, Any]:
    """Read peft's settings."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        msg = f"{file} must be peft's settings in JSON: {error}"
        raise ModelError(msg) from error
