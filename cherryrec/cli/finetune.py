"""`cherryrec finetune LOG`: LoRA weights for CnLE, learned from a recorded log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.logs import opened, read_rows, with_log
from cherryrec.cli.options import with_settings
from cherryrec.cli.parameters import Shares
from cherryrec.cli.settings import Settings
from cherryrec.errors import ConfigError

if TYPE_CHECKING:
    from cherryrec.evaluation.logs import LogSource

__all__ = ["finetune"]


@click.command()
@with_log
@click.option(
    "--base",
    required=True,
    metavar="MODEL",
    help="The model to fine-tune: a folder, a hub name, `small` or `auto`.",
)
@click.option(
    "--recipe",
    metavar="NAME|FILE",
    help="Settings of the training; default: qwen2-7b on a GPU, small-cpu without one.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the weights; default: var/lora/<log>-<base>.",
)
@click.option(
    "--split",
    type=Shares(),
    default="60/10/30",
    show_default=True,
    metavar="TRAIN/CHOOSE/REST",
    help="Parts of the log by time: train on the first, validate on the second, leave the rest.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="For data and training.")
@click.option("--max-steps", type=click.IntRange(1), help="Stop after that many steps.")
@click.option(
    "--quantisation",
    type=click.Choice(["auto", "none", "nf4"]),
    help="nf4 is QLoRA; default: the recipe's.",
)
@click.option(
    "--enough",
    is_flag=True,
    help="Take no further step in a stopped run: its best validation so far becomes the weights.",
)
@with_settings
def finetune(
    settings: Settings,
    source: LogSource,
    anyway: bool,
    base: str,
    recipe: str | None,
    out: Path | None,
    split: tuple[float, ...],
    seed: int,
    max_steps: int | None,
    quantisation: str | None,
    enough: bool,
) -> None:
    """Fine-tune CnLE on LOG, which records slates and clicks.

    A run that was killed goes on from its last validation when the same command is given again.
    Serve the weights with the setting gpu.lora_path.
    """
    from cherryrec.cli.progress import progress_bar
    from cherryrec.evaluation.logs import of_slates

    try:
        from gpu_worker.finetune import Split, load_recipe
        from gpu_worker.finetune.run import finetune as run
        from gpu_worker.finetune.training import default_recipe
    except ImportError as error:
        msg = f"fine-tuning needs the extra `llm`: pip install 'cherryrec[llm]' ({error})"
        raise ConfigError(msg) from error
    name = recipe or default_recipe()
    log = of_slates(opened(source))
    read_rows(log, log.articles(), None, anyway=anyway)
    folder = run(
        log,
        base=replace(settings.gpu, model=base),
        recipe=load_recipe(name, max_steps=max_steps, quantisation=quantisation),
        out=out or Path("var/lora") / f"{log.name}-{Path(base).name.lower()}",
        core=settings.core,
        split=Split(train=split[0], choose=split[1]),
        seed=seed,
        bar=progress_bar,
        is_enough=enough,
    )
    click.echo(f"LoRA weights: {folder} (their model card is its README.md)")
