"""`cherryrec case-study LOG`: one reader's slates over time, CherryRec's and TALLRec's (RQ3)."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.logs import with_log
from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cherryrec.evaluation.leave_last_out import LeaveLastOut
    from cherryrec.evaluation.logs import LogSource

__all__ = ["case_study", "written_case"]


@click.command(name="case-study")
@with_log
@click.option("--limit", type=click.IntRange(1), help="Only the first N events of LOG.")
@click.option("--user", metavar="U", help="The reader; default: the one with the most clicks.")
@click.option(
    "--moments",
    type=click.IntRange(1, 50),
    default=8,
    show_default=True,
    help="The reader's last clicks, at each of which both are asked.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the tuning.")
@click.option(
    "--budget-minutes",
    type=click.FloatRange(0.0, min_open=True),
    help="For TALLRec's tuning; cut short, the page says so.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the page; default: reports/<log>-case-study. A tuning that is kept in it is "
    "not done again.",
)
@with_settings
def case_study(
    settings: Settings,
    source: LogSource,
    anyway: bool,
    limit: int | None,
    user: str | None,
    moments: int,
    seed: int,
    budget_minutes: float | None,
    report: Path | None,
) -> None:
    """Show one reader's slates over time: CherryRec's, and TALLRec's order of the same twenty.

    The system runs over LOG as in `leave-last-out`, and both are asked just before each of the
    reader's last clicks. The page marks what was read then, and gives the repetition and the
    diversity of both.
    """
    if find_spec("torch") is None:
        msg = "TALLRec needs torch, which is not installed: pip install 'cherryrec[llm]'"
        raise click.UsageError(msg)
    from cherryrec.cli.leave_last_out import read_sequences

    log, data, notes = read_sequences(source, limit, anyway=anyway)
    if user is not None and user not in data.users:
        msg = f"--user wanted a reader of five articles or more in {log.name}, got {user!r}"
        raise click.UsageError(msg)
    page = written_case(
        data,
        notes,
        report or Path("reports") / f"{log.name}-case-study",
        settings=settings,
        user=user,
        moments=moments,
        seed=seed,
        budget_minutes=budget_minutes,
    )
    shown = page.read_text(encoding="utf-8").split("\n## ", maxsplit=1)[0]
    click.echo(shown)
    click.echo(f"page: {page}")


def written_case(
    data: LeaveLastOut,
    notes: Sequence[str],
    folder: Path,
    *,
    settings: Settings,
    user: str | None = None,
    moments: int = 8,
    seed: int = 0,
    budget_minutes: float | None = None,
) -> Path:
    """Write the page and the picture of a reader, by default the one with the most clicks.

    TALLRec's tuning is kept in `folder`, and taken from there. Return the page.
    """
    from cherryrec.cli.progress import progress_bar
    from cherryrec.evaluation.leave_last_out.case_page import case_page, draw_case
    from cherryrec.evaluation.leave_last_out.case_study import chosen_reader, slates_over_time
    from cherryrec.evaluation.replay import OURS
    from gpu_worker.generative import LanguageConfig, TallRec
    from gpu_worker.generative.judge import loaded

    followed = chosen_reader(data) if user is None else data.users.index(user)
    ready = loaded(
        TallRec,
        data,
        gpu=settings.gpu,
        config=LanguageConfig(),
        seed=seed,
        folder=folder / "language-models",
        bar=progress_bar,
        budget_s=None if budget_minutes is None else 60.0 * budget_minutes,
    )
    tallrec = ready.method
    assert isinstance(tallrec, TallRec), "what was asked for"

    def other(read: Sequence[int], twenty: Sequence[int]) -> list[int]:
        if not twenty:
            return []
        history, titles = ([data.title(code) for code in codes] for codes in (read, twenty))
        scores = tallrec.scores(history, titles).tolist()
        return [twenty[place] for place in sorted(range(len(twenty)), key=lambda n: -scores[n])]

    with progress_bar(f"{OURS}, one reader's slates", None) as advance:
        found = slates_over_time(
            data, followed, settings.core, other, n_moments=moments, progress=advance
        )
    rule = "the most clicks in the log" if user is None else "named by --user"
    lines = [
        *notes,
        f"command: `{' '.join(['cherryrec', *sys.argv[1:]])}`",
        f"the reader: {rule}; {len(found)} clicks, each asked for just before it",
        f"TALLRec: {ready.model}; it ranks the twenty that KnRS retrieved at the same moment",
    ]
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "case-study.md"
    page.write_text(
        case_page(data, found, name=OURS, other=TallRec.title, notes=lines), encoding="utf-8"
    )
    draw_case(data, found, name=OURS, other=TallRec.title, path=folder / "case-study.png")
    return page
