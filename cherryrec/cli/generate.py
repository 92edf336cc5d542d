"""`cherryrec generate DIR`: a log in MIND's format whose truth is known."""

from __future__ import annotations

from pathlib import Path

import click

from cherryrec.errors import ConfigError

__all__ = ["generate"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--users", type=click.IntRange(1), default=300, show_default=True)
@click.option("--articles", type=click.IntRange(64), default=800, show_default=True)
@click.option("--impressions", type=click.IntRange(1), default=1_500, show_default=True)
@click.option(
    "--days", type=click.FloatRange(0.01), default=2.0, show_default=True, help="Length of the log."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def generate(
    folder: Path, users: int, articles: int, impressions: int, days: float, seed: int
) -> None:
    """Write a synthetic log into DIR: users who drift, articles that age, stories that break.

    The same arguments give the same bytes. `truth.json.gz` holds the true chance of every click.
    """
    from cherryrec.evaluation.generate import generate_log

    _require_empty(folder)
    truth = generate_log(
        folder,
        n_users=users,
        n_articles=articles,
        n_impressions=impressions,
        days=days,
        seed=seed,
    )
    click.echo(
        f"{impressions:,} impressions with {truth.n_clicks:,} clicks of {users:,} users "
        f"on {articles:,} articles, seed {seed}:"
    )
    for path in sorted(folder.iterdir()):
        click.echo(f"  {path} ({path.stat().st_size:,} bytes)")
    click.echo(
        f"oracle AUC {100 * truth.oracle_auc:.2f}: what ranking by the true chances reaches on it"
    )
    click.echo(f"replay it with: cherryrec replay {folder}")


def _require_empty(folder: Path) -> None:
    """Refuse a folder in which something would be written over."""
    if folder.is_dir() and any(folder.iterdir()):
        n_entries = sum(1 for _ in folder.iterdir())
        msg = f"DIR must be new or empty, {str(folder)!r} has {n_entries} entries: name another"
        raise ConfigError(msg)
