"""A bounded number of LoRA steps on what a method learns from, kept step by step.

Hu et al. (2021), LoRA, https://arxiv.org/abs/2106.09685; the model's own weights stay. On a CPU the
steps are in float32, as its bfloat16 is slower backwards than forwards is fast.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict
from torch.nn import functional

from gpu_worker.backends.loading import Base, load_base
from gpu_worker.backends.lora_layers import LoraLayers
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.config import GpuConfig
from gpu_worker.finetune.recipe import Recipe
from gpu_worker.finetune.training import with_lora
from gpu_worker.generative.config import LanguageConfig
from gpu_worker.generative.examples import Completion
from gpu_worker.lora import read_lora

__all__ = ["Tuning", "tuned"]

_KEEP_EVERY = 8  # steps


@dataclass(frozen=True, slots=True)
class Tuning:
    """How tuning went: steps taken, the loss over the first and last of them, and why it ended.

    Of no step there is no loss. `budget_s` is what it had, in seconds; None for no end, and of a
    tuning that does not say.
    """

    n_steps: int
    first_loss: float | None
    last_loss: float | None
    ended_by: str
    budget_s: float | None = None

    def goes_on_with(self, budget_s: float | None) -> bool:
        """Whether it was cut by less time than there is now, None for no end."""
        if self.ended_by != "time" or self.budget_s is None:
            return False
        return budget_s is None or budget_s > self.budget_s

    def __str__(self) -> str:
        """Say it in a sentence."""
        losses = (
            "no loss"
            if self.first_loss is None or self.last_loss is None
            else f"loss {self.first_loss:.2f} to {self.last_loss:.2f} nats a token"
        )
        return f"{self.n_steps} LoRA steps, {losses}, ended by {self.ended_by}"


def tuned(
    gpu: GpuConfig,
    base: Base,
    examples: Sequence[Completion],
    config: LanguageConfig,
    *,
    seed: int,
    folder: Path,
    budget_s: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[Base, Tuning | None]:
    """Return the model with its LoRA weights on, and how they came about.

    What a former call has finished in the folder is taken; what it has begun goes on from its last
    kept step. So does what less time had cut, and what its model had answered is forgotten.

    Parameters
    ----------
    gpu
        Which model, where and in which precision.
    base
        That model as it was loaded; another one is returned where steps were taken.
    examples
        `n_steps` batches of them, in the order in which they are learned.
    config
        Steps, batches, LoRA matrices.
    seed
        Of the matrices and of dropout.
    folder
        Of this run alone.
    budget_s
        Seconds after which no further step is taken; None for no such end.
    progress
        Called with the number of steps that were taken.

    Raises
    ------
    ConfigError, ModelError
        As `load_base`.
    """
    if not config.n_steps:
        base.model.train(False)
        return base, None
    done = folder / "tuning.json"
    how = msgspec.json.decode(done.read_bytes(), type=Tuning) if done.is_file() else None
    if how is not None and how.goes_on_with(budget_s):
        for answers in folder.glob("answers-*.jsonl"):
            answers.unlink()
        done.unlink()
        how = None
    if how is None:
        how = _trained(
            base,
            examples,
            config,
            seed=seed,
            folder=folder,
            budget_s=budget_s,
            progress=progress,
        )
        done.write_bytes(msgspec.json.encode(how))
        base = load_base(gpu)
    base.model.train(False)
    layers = LoraLayers(base.model, base=base.name, merge=not base.is_nf4)
    layers.install(layers.fitted(read_lora(folder / "lora")))
    return base, how


def _trained(
    base: Base,
    examples: Sequence[Completion],
    config: LanguageConfig,
    *,
    seed: int,
    folder: Path,
    budget_s: float | None,
    progress: Callable[[int], None] | None,
) -> Tuning:
    """Take the steps, and write the weights."""
    started = time.monotonic()
    if base.model.device.type == "cpu":
        base.model.float()  # type: ignore[no-untyped-call]
    folder.mkdir(parents=True, exist_ok=True)
    batches = _batches(base, examples, config)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        recipe = Recipe(rank=config.rank, alpha=config.alpha, dropout=config.dropout)
        model = with_lora(base, recipe)
        model.train()
        weights = [one for one in model.parameters() if one.requires_grad]
        optimiser = torch.optim.AdamW(weights, lr=config.learning_rate)
        losses = _resumed(folder, model, optimiser)
        if progress is not None:
            progress(len(losses))
        ended_by = "steps"
        for step in range(len(losses), config.n_steps):
            if budget_s is not None and time.monotonic() - started > budget_s:
                ended_by = "time"
                _keep(folder, model, optimiser, losses)
                break
            torch.manual_seed(seed * 1_000_003 + step)  # as if it had never been interrupted
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * (1.0 - step / config.n_steps)
            optimiser.zero_grad()
            loss = _loss(base, batches[step])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(float(loss.detach()))
            if len(losses) % _KEEP_EVERY == 0:
                _keep(folder, model, optimiser, losses)
            if progress is not None:
                progress(1)
        ready = folder / "lora"
        shutil.rmtree(ready, ignore_errors=True)
        model.save_pretrained(str(ready), safe_serialization=True, save_embedding_layers=False)
    if ended_by != "time":
        (folder / _STEP).unlink(missing_ok=True)
    _name_base(ready / "adapter_config.json", base.name)
    few = losses[:_KEEP_EVERY], losses[-_KEEP_EVERY:]
    first, last = (sum(some) / len(some) if some else None for some in few)
    return Tuning(len(losses), first, last, ended_by, budget_s)


def _batches(
    base: Base, examples: Sequence[Completion], config: LanguageConfig
) -> list[list[tuple[tuple[int, ...], int]]]:
    """Return the tokens of each batch's examples, and where each one's answer begins."""
    tokens = PromptTokens(base.tokenizer, title_tokens=config.title_tokens)
    rows = []
    for example in examples:
        prompt = tokens.prefix_ids(example.prompt)
        rows.append((prompt + tokens.text_ids(example.answer), len(prompt)))
    size = config.batch_size
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def _loss(base: Base, batch: list[tuple[tuple[int, ...], int]]) -> torch.Tensor:
    """Return the mean cross-entropy of the answers' tokens, a mean over the examples.

    Rows are padded behind, where no earlier place sees it; only answers meet the output layer.
    """
    longest = max(len(ids) for ids, _ in batch)
    padded = [ids + (0,) * (longest - len(ids)) for ids, _ in batch]
    device = base.model.device
    decoder = base.model.get_decoder()  # type: ignore[no-untyped-call]
    head = base.model.get_output_embeddings()  # type: ignore[no-untyped-call]
    inputs = torch.tensor(padded, device=device)  # (B, T)
    states = decoder(input_ids=inputs, use_cache=False).last_hidden_state  # (B, T, D)
    losses = []
    for row, (ids, begin) in enumerate(batch):
        logits = head(states[row, begin - 1 : len(ids) - 1]).float()  # (answer, V)
        losses.append(functional.cross_entropy(logits, inputs[row, begin : len(ids)]))
    return torch.stack(losses).mean()


_STEP = "step.pt"


def _keep(folder: Path, model: Any, optimiser: torch.optim.Optimizer, losses: list[float]) -> None:
    """Write what a run needs to go on; whole or not at all."""
    state = {
        "weights": get_peft_model_state_dict(model, save_embedding_layers=False),
        "optimiser": optimiser.state_dict(),
        "losses": losses,
    }
    temporary = folder / f"{_STEP}.tmp"
    torch.save(state, temporary)
    os.replace(temporary, folder / _STEP)


def _resumed(folder: Path, model: Any, optimiser: torch.optim.Optimizer) -> list[float]:
    """Take up what was kept; return the losses of the steps that were taken."""
    if not (folder / _STEP).is_file():
        return []
    state = torch.load(folder / _STEP, weights_only=True)
    set_peft_model_state_dict(model, state["weights"])
    optimiser.load_state_dict(state["optimiser"])
    losses: list[float] = state["losses"]
    return losses


def _name_base(path: Path, name: str) -> None:
    """Say what the weights are for by name, not by this machine's folder."""
    config = msgspec.json.decode(path.read_bytes())
    config["base_model_name_or_path"] = name
    path.write_bytes(msgspec.json.format(msgspec.json.encode(config), indent=2))
