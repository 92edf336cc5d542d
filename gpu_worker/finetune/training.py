"""The steps: transformers' trainer with CnLE's loss and CnLE's measure of what is better.

Learned is the answer alone. Better is what will be served: the negative log-likelihood of the
clicked candidate's letter among the prompt's letters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from gpu_worker.backends.loading import Base
from gpu_worker.finetune.encode import IGNORED, Encoded, Examples, collate
from gpu_worker.finetune.recipe import Recipe

__all__ = [
    "BEST",
    "LetterTrainer",
    "default_recipe",
    "letter_metrics",
    "n_steps",
    "trainer_of",
    "with_lora",
]

BEST = "eval_letter_nll"
"""What is validated; lower is better."""

Progress = Callable[[int], None]


def with_lora(base: Base, recipe: Recipe) -> PeftModel:
    """Put fresh LoRA matrices on a base model; they alone are trained."""
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.target_modules),
        task_type="CAUSAL_LM",
        bias="none",
    )
    model: Any = base.model
    model.config.use_cache = False
    if base.is_nf4:
        model = prepare_model_for_kbit_training(  # type: ignore[no-untyped-call]
            model, use_gradient_checkpointing=recipe.checkpointing
        )
    elif recipe.checkpointing:
        model.enable_input_require_grads()
    tuned = get_peft_model(model, config)
    assert isinstance(tuned, PeftModel), "peft wraps the model"
    return tuned


class LetterTrainer(Trainer):
    """Transformers' trainer for answers of which the letter is what counts.

    Parameters
    ----------
    letter_ids
        The letters' tokens.
    options
        As transformers' trainer takes them.
    """

    def __init__(self, *, letter_ids: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        # The loss is a mean over the examples of one forward pass, whatever else a step has.
        self.model_accepts_loss_kwargs = False
        self._letter_ids = torch.tensor(letter_ids)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Weighted mean cross-entropy of the answers' tokens, a mean over examples."""
        logits = self._answer_logits(model, inputs)  # (B, K + 1, V)
        n_kept = logits.shape[1] - 1
        labels = inputs["labels"][:, -n_kept:]  # (B, K)
        weights = inputs["weights"][:, -n_kept:]  # (B, K)
        losses = torch.nn.functional.cross_entropy(
            logits[:, :-1].float().transpose(1, 2),
            labels,
            ignore_index=IGNORED,
            reduction="none",
        )  # (B, K)
        by_example = (losses * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
        loss = by_example.mean()
        return (loss, {"logits": logits}) if return_outputs else loss

    def prediction_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[torch.Tensor | None, Any, Any]:
        """Return the loss, the letters' logits (B, L), and letter and number of letters (B, 2)."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad():
            loss, outputs = self.compute_loss(model, inputs, return_outputs=True)
        logits = outputs["logits"]  # (B, K + 1, V)
        # The letter is the first token of the answer: it stands n_answer before the end, and is
        # predicted one place before that.
        places = logits.shape[1] - 1 - inputs["n_answer"]  # (B,)
        rows = torch.arange(len(logits), device=logits.device)
        letters = logits[rows, places][:, self._letter_ids.to(logits.device)].float()  # (B, L)
        truth = torch.stack([inputs["letter"], inputs["n_letters"]], dim=1)  # (B, 2)
        return loss.detach(), letters, truth

    @staticmethod
    def _answer_logits(model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits of the answers' places and the one before, (B, K + 1, V): no others are made."""
        n_kept = int(inputs["n_answer"].max()) + 1
        output = model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            position_ids=inputs["position_ids"],
            use_cache=False,
            logits_to_keep=n_kept,
        )
        logits: torch.Tensor = output.logits
        return logits[:, -n_kept:]


def letter_metrics(found: EvalPrediction) -> dict[str, float]:
    """Judge letters against the clicked ones.

    Returns
    -------
    letter_nll: mean negative log-likelihood of the clicked letter in nats; letter_accuracy: share
    of examples in which it has the highest logit; letter_mrr: mean of 1 / its rank;
    letter_guess_nll: what guessing has.

    Examples
    --------
    Two letters, of which the first is three times as likely and was clicked: -log(3/4).

    >>> logits = np.array([[np.log(3.0), 0.0, 9.0]])
    >>> metrics = letter_metrics(EvalPrediction(logits, np.array([[0, 2]])))
    >>> {name: round(value, 4) for name, value in metrics.items()}
    {'letter_nll': 0.2877, 'letter_accuracy': 1.0, 'letter_mrr': 1.0, 'letter_guess_nll': 0.6931}
    """
    logits = np.array(found.predictions, dtype=np.float64)  # (N, L)
    truth = np.asarray(found.label_ids)  # (N, 2)
    letter, n_letters = truth[:, 0], truth[:, 1]
    logits[np.arange(logits.shape[1]) >= n_letters[:, None]] = -np.inf
    rows = np.arange(len(logits))
    own = logits[rows, letter]  # (N,)
    rank = 1 + (logits > own[:, None]).sum(axis=1)  # (N,)
    highest = logits.max(axis=1)
    total = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    return {
        "letter_nll": float((total - own).mean()),
        "letter_accuracy": float((rank == 1).mean()),
        "letter_mrr": float((1.0 / rank).mean()),
        "letter_guess_nll": float(np.log(n_letters).mean()),
    }


def trainer_of(
    model: PeftModel,
    recipe: Recipe,
    *,
    train: Sequence[Encoded],
    choose: Sequence[Encoded],
    letter_ids: Sequence[int],
    pad_id: int,
    folder: Path,
    seed: int,
    progress: Progress | None = None,
) -> LetterTrainer:
    """Put the trainer together; nothing runs yet.

    Parameters
    ----------
    model
        With its LoRA matrices.
    recipe
        Steps, batches, validation.
    train, choose
        Examples to learn from, and to validate on.
    letter_ids, pad_id
        Of the tokenizer.
    folder
        Where checkpoints go.
    seed
        For the order of the examples and dropout.
    progress
        Called with the number of steps done since the last call.
    """
    device = next(model.parameters()).device
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=recipe.micro_batch_size,
        per_device_eval_batch_size=recipe.micro_batch_size,
        gradient_accumulation_steps=recipe.batch_size // recipe.micro_batch_size,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        lr_scheduler_type="linear",
        warmup_steps=recipe.warmup_share,
        eval_strategy="steps",
        eval_steps=recipe.validate_every,
        save_strategy="steps",
        save_steps=recipe.validate_every,
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model=BEST,
        greater_is_better=False,
        logging_steps=max(1, recipe.validate_every // 5),
        gradient_checkpointing=recipe.checkpointing,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to=[],
        disable_tqdm=True,
        log_level="error",
        seed=seed,
        data_seed=seed,
        use_cpu=device.type == "cpu",
        dataloader_pin_memory=device.type != "cpu",
        bf16=False,
    )
    return LetterTrainer(
        letter_ids=letter_ids,
        model=model,
        args=arguments,
        train_dataset=Examples(train),
        eval_dataset=Examples(choose),
        data_collator=partial(collate, pad_id=pad_id, letter_weight=recipe.letter_weight),
        compute_metrics=letter_metrics,
        callbacks=[EarlyStoppingCallback(recipe.patience), _Steps(progress)],
    )


def default_recipe() -> str:
    """Name the shipped recipe for this machine."""
    return "qwen2-7b" if torch.cuda.is_available() else "small-cpu"


def n_steps(recipe: Recipe, n_examples: int) -> int:
    """Return how many steps a training takes at most."""
    of_epochs = recipe.epochs * math.ceil(n_examples / recipe.batch_size)
    return min(of_epochs, recipe.max_steps) if recipe.max_steps else of_epochs


class _Steps(TrainerCallback):
    """Tells the progress bar, and keeps the trainer from printing."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._reported = 0

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        if self._progress is not None:
            self._progress(state.global_step - self._reported)
            self._reported = state.global_step
