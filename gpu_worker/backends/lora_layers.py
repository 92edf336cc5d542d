"""LoRA weights on a model that goes on serving: layers that change places with the model's own.

peft builds the layers, which are then taken off again and kept beside the model's. Putting weights
on is replacing modules by name, and taking them off is putting the model's own back: the very
tensors that were there before, so that scores are the same to the byte. Where the base model is not
quantised the layers are plain ones with the LoRA product added in, as fast as the model's own;
quantised ones cannot be added to exactly, and keep the two small matrices beside them.

References
----------
Hu et al. (2021), LoRA: Low-Rank Adaptation of Large Language Models,
https://arxiv.org/abs/2106.09685, section 4.1 (no additional inference latency).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import PreTrainedModel

from cherryrec.errors import ModelError
from gpu_worker.lora import WEIGHTS_FILE, LoraWeights, base_name, require_same

__all__ = ["Layers", "LoraLayers"]

Layers = Mapping[str, torch.nn.Module]
"""Modules by their name in the model; those not named are the model's own."""

_NAME = "cnle"
_LOAD_ERRORS = (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError)


class LoraLayers:
    """The places of a model's layers, and what stands in them.

    Parameters
    ----------
    model
        Without LoRA weights.
    base
        Its name; weights must have tuned this model.
    merge
        Whether the LoRA product is added into copies of the layers.
    """

    def __init__(self, model: PreTrainedModel, *, base: str, merge: bool) -> None:
        self._model = model
        self._base = base_name(base)
        self._merge = merge
        self._own: dict[str, torch.nn.Module] = {}
        self._installed: Layers = {}

    @property
    def base(self) -> str:
        """The model's name without folders."""
        return self._base

    def install(self, layers: Layers) -> Layers:
        """Put layers in place of the model's own; return those that stood there before."""
        before = self._installed
        for name in before.keys() - layers.keys():
            self._put(name, self._own[name])
        for name, module in layers.items():
            self._own.setdefault(name, self._model.get_submodule(name))
            self._put(name, module)
        self._installed = dict(layers)
        return before

    def fitted(self, weights: LoraWeights) -> Layers:
        """Build the layers for LoRA weights; the model is as it was afterwards.

        Raises
        ------
        ModelError
            They are not what was published, tuned another model, or do not fit this one.
        """
        require_same(weights)
        if weights.base and weights.base != self._base:
            msg = f"LoRA weights must have tuned {self._base!r}, got {weights.base!r}"
            raise ModelError(msg)
        before = self.install({})
        own = dict(self._model.named_modules())
        try:
            return self._built(Path(weights.path))
        except _LOAD_ERRORS as error:
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            msg = f"cannot put the LoRA weights in {weights.path!r} on this model: {line}"
            raise ModelError(msg) from error
        finally:
            for name, module in own.items():
                if name and self._at(name) is not module:
                    self._put(name, module)
            # peft leaves its settings on the model, and warns of them the next time.
            vars(self._model).pop("peft_config", None)
            self.install(before)

    def _built(self, folder: Path) -> Layers:
        """Let peft put its layers on the model, and collect them."""
        from peft import PeftModel, get_peft_model_state_dict
        from peft.tuners.tuners_utils import BaseTunerLayer

        tuned = PeftModel.from_pretrained(self._model, str(folder), adapter_name=_NAME)
        tuned.train(False)
        # Without embeddings: to know whether to save them, peft would ask the hub for the base.
        wanted = get_peft_model_state_dict(tuned, adapter_name=_NAME, save_embedding_layers=False)
        with safe_open(folder / WEIGHTS_FILE, framework="pt") as file:
            differ = set(file.keys()) ^ wanted.keys()
        if differ:
            msg = f"its tensors and its settings differ in {min(differ)!r}"
            raise ModelError(msg)
        modules = list(self._model.named_modules())
        names = [name for name, module in modules if isinstance(module, BaseTunerLayer)]
        layers = {name: self._model.get_submodule(name) for name in names}
        return {name: _merged(one) for name, one in layers.items()} if self._merge else layers

    def _at(self, name: str) -> torch.nn.Module | None:
        """Return the module in a place; None where the path to it leads elsewhere now."""
        try:
            return self._model.get_submodule(name)
        except AttributeError:
            return None

    def _put(self, name: str, module: torch.nn.Module) -> None:
        """Put a module in a place."""
        parent, _, attribute = name.rpartition(".")
        setattr(self._model.get_submodule(parent), attribute, module)


def _merged(layer: Any) -> torch.nn.Module:
    """Add the LoRA product into a copy of the layer below; the layer itself stays."""
    layer.base_layer = copy.deepcopy(layer.get_base_layer())
    layer.merge(safe_merge=True)
    merged: torch.nn.Module = layer.get_base_layer()
    return merged
