"""What `replay` prints of a summary."""

from __future__ import annotations

import click

from cherryrec.evaluation.cnle import cnle_sentences
from cherryrec.evaluation.cnle_alone import CNLE_ALONE
from cherryrec.evaluation.ladder import ladder_sentence
from cherryrec.evaluation.retrieval.tables import retrieval_table
from cherryrec.evaluation.summary import ReplaySummary
from cherryrec.evaluation.tables import (
    ablation_sentences,
    ablation_table,
    differences_table,
    history_table,
    metrics_table,
    rankings_table,
)

__all__ = ["DOUBT", "print_summary"]

DOUBT = "check the log: "
"""How a note begins that asks for a look before the numbers are believed; it goes to stderr."""


def print_summary(summary: ReplaySummary) -> None:
    """Print what was measured."""
    tables = [metrics_table(summary)] if summary.rows else []
    if summary.differences:
        tables.append(differences_table(summary.differences, summary.parts))
    if summary.ablations:
        sentences = ablation_sentences(summary.ablation_gains, summary.parts)
        tables += [ablation_table(summary), "\n".join(sentences)]
    if summary.cnle_alone is not None:
        alone = summary.cnle_alone
        tables.append(rankings_table(alone.rows, alone.parts))
        tables.append(differences_table(alone.differences, alone.parts, first=CNLE_ALONE))
    tables += [history_table(one) for one in summary.by_history]
    if summary.retrieval is not None:
        tables.append(retrieval_table(summary.retrieval))
    click.echo("\n\n".join(tables) + ("\n" if len(tables) > 1 else ""))
    percentiles = summary.latency.percentiles() if summary.latency else {}
    times = ", ".join(f"{name} {ms:.1f} ms" for name, ms in percentiles.items())
    what = "impressions" if summary.rows else "clicks"
    timed = f"; request to recommendation: {times}" if times else ""
    click.echo(f"{summary.impressions_per_s:.0f} {what}/s{timed}")
    if summary.ladder.is_evaluated:
        click.echo(ladder_sentence(summary.ladder))
        if summary.ladder.compute_s > 0:
            n = summary.counts["evaluations by CnLE"]
            per_s = n / summary.ladder.compute_s
            click.echo(f"{n:,} evaluations, {per_s:.1f} for each second of its model")
    for sentence in cnle_sentences(summary.reliability, summary.trust):
        click.echo(sentence)
    if summary.degraded:
        click.echo(f"degraded: {dict(summary.degraded)} of {summary.counts['recommendations']}")
    for note in summary.notes:
        click.echo(note, err=note.startswith(("bad row", DOUBT)))
    if summary.sha256:
        click.echo(f"SHA-256 of the recommendations: {summary.sha256}")
        click.echo(
            f"computed on {summary.versions['processor']} ({summary.versions['arithmetic']}); "
            "docs/reproducibility.md says which others give the same"
        )
