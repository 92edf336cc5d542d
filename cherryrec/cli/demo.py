"""`cherryrec demo`: the whole system on a generated log, and one user's slate explained."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.first_slates import NEW_READER, FirstSlates, stage_sentence
from cherryrec.cli.options import cache_dir, has_llm, note, with_settings
from cherryrec.cli.settings import Settings
from cherryrec.cli.slates import slate_lines
from cherryrec.events import Click, Recommendation, RecommendationRequest, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cherryrec.cli.demo_news import DemoNews
    from cherryrec.evaluation.mind import MindLog
    from cherryrec.evaluation.mind_rows import MindImpression
    from streams.replay import Session
    from streams.stack import LocalStack

__all__ = ["demo"]

_DEADLINE_MS = 20_000
_WINDOW = 16
_ATTEMPTS = 200


@click.command()
@click.option("--impressions", type=click.IntRange(50), default=1_000, show_default=True)
@click.option("--users", type=click.IntRange(10), default=200, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports/demo"),
    show_default=True,
    help="Folder for the report.",
)
@click.option(
    "--llm/--no-llm",
    default=None,
    help="With or without the small language model; default: with it if it is installed.",
)
@click.option(
    "--stay",
    is_flag=True,
    help="Stay at the end, with readers who go on reading, until Ctrl-C; the page's address is "
    "printed.",
)
@click.option(
    "--page",
    is_flag=True,
    help="As --stay, and the page is there from the start: watch the log come in.",
)
@with_settings
def demo(
    settings: Settings,
    impressions: int,
    users: int,
    seed: int,
    report: Path,
    llm: bool | None,
    stay: bool,
    page: bool,
) -> None:
    """Generate a log, start Kafka and all workers, replay it, explain a slate, stop everything.

    With --stay or --page the system stays, and a page shows it: what comes, how well it is ranked,
    one reader's slate in words, and a reader to be played by hand.
    """
    from cherryrec.cli.demo_news import DemoNews, demo_port, page_address
    from cherryrec.cli.running import open_session, replay_kafka
    from cherryrec.evaluation.generate import generate_log
    from cherryrec.evaluation.mind import MindLog
    from cherryrec.evaluation.report import metrics_table, write_report
    from streams.stack import LocalStack, StackSettings

    started = time.monotonic()
    is_evaluated = has_llm(settings) if llm is None else llm
    port = demo_port(settings.gateway.port) if stay or page else None
    with tempfile.TemporaryDirectory(prefix="cherryrec-demo-") as name:
        folder = Path(name)
        news, limit = None, None
        if port is None:
            truth = generate_log(
                folder / "log", n_users=users, n_impressions=impressions, seed=seed
            )
        else:
            news = DemoNews(
                folder / "log",
                n_users=users,
                n_impressions=impressions,
                seed=seed,
                now_s=time.time(),
            )
            truth, limit = news.truth, news.n_until(time.time())
        click.echo(
            f"a log of {impressions:,} impressions of {users} users, generated; knowing every "
            f"true click probability would give an AUC of {100 * truth.oracle_auc:.1f}"
        )
        with_llm = "with" if is_evaluated else "without"
        click.echo(f"starting Kafka, a stream worker, the learner, {with_llm} a language model")
        stack = StackSettings(
            folder=folder,
            cache_dir=cache_dir(),
            kafka=settings.kafka,
            has_evaluator=is_evaluated,
            gateway_port=port,
            is_demo=True,
            environment={
                "CHERRYREC_FEEDBACK_ATTRIBUTION_WINDOW_S": "0",
                "CHERRYREC_FEEDBACK_CORRECTION_S": "0",
                "CHERRYREC_EVALUATOR_LATE_AFTER_S": "600",  # a replay waits, a reader would not
                "CHERRYREC_STREAM_TICK_S": "0",
                "CHERRYREC_LEARNER_SERVING_EVERY_S": "0.2",
                "CHERRYREC_GPU_MODEL": "small",
            },
        )
        with LocalStack(stack, note=note) as running:
            click.echo(f"ready after {time.monotonic() - started:.0f} s")
            if page and port is not None:
                click.echo(f"the page: {page_address(port)}")
            log = MindLog(folder / "log")
            titles = _titles(log)
            first = FirstSlates(
                lambda: open_session(running.kafka), list(log.impressions()), window=_WINDOW
            )
            done = replay_kafka(
                log,
                running.kafka,
                limit=limit,
                seed=seed,
                window=_WINDOW,
                deadline_ms=0,
                sidecar=lambda _: first,
                check=running.check,
            )
            summary = done.summary(
                log,
                name="generated",
                label_delay_s=0.0,
                seed=seed,
                notes=(f"oracle AUC {100 * truth.oracle_auc:.2f}", *done.checks),
            )
            click.echo(metrics_table(summary))
            click.echo(f"{summary.impressions_per_s:.0f} impressions/s through Kafka")
            with open_session(running.kafka) as session:
                described = _before_and_after(session, log, done.rows, is_evaluated=is_evaluated)
            notes = (*summary.notes, *first.sentences(titles), *described)
            summary = replace(summary, notes=notes)
            written = write_report(summary, report) / "report.md"
            click.echo(f"report: {written}")
            if news is not None and port is not None:
                _stay(running, news, page_address(port))
    click.echo(f"everything stopped after {time.monotonic() - started:.0f} s")


def _stay(running: LocalStack, news: DemoNews, address: str) -> None:
    """Let readers go on reading until Ctrl-C."""
    click.echo(f"the page: {address} (Ctrl-C ends everything)")
    ending = threading.Event()
    readers = threading.Thread(target=news.go_on, args=(running.kafka, ending), daemon=True)
    readers.start()
    try:
        while True:
            time.sleep(0.5)
            running.check()
    except KeyboardInterrupt:
        click.echo("")
    finally:
        ending.set()
        readers.join(timeout=5.0)


def _before_and_after(
    session: Session, log: MindLog, rows: Sequence[MindImpression], *, is_evaluated: bool
) -> list[str]:
    """Show one user's slate, click an article of another section, show the slate again.

    Before that, the slate of a reader without history. All are over the whole catalogue. Returns
    what ranked each of them.
    """
    articles, titles = log.articles(), _titles(log)
    user_id = Counter(row.user_id for row in rows).most_common(1)[0][0]
    now = rows[-1].shown_at + 60.0
    deadline_ms = _DEADLINE_MS if is_evaluated else 0
    new = _ask(session, NEW_READER, "new", now, deadline_ms=deadline_ms)
    described = [_show("a reader without history", new, titles)]
    before = _ask(session, user_id, "before", now, deadline_ms=deadline_ms)
    described.append(_show(f"user {user_id}, before a click", before, titles))
    sections = {articles[item.article_id].category for item in before.slate}
    wide = _ask(session, user_id, "wide", now, slate_size=60)
    chosen = next(
        (i.article_id for i in wide.slate if articles[i.article_id].category not in sections),
        wide.slate[-1].article_id,
    )
    click.echo(f"\nthe user opens: {titles[chosen]}")
    fast = _ask(session, user_id, "fast", now)
    started = time.monotonic()
    session.send(
        "clicks",
        user_id,
        Click(event_id="demo", user_id=user_id, article_id=chosen, clicked_at=instant(now)),
    )
    session.flush()
    for number in range(_ATTEMPTS):
        after = _ask(session, user_id, f"after-{number}", now + 1.0)
        if [i.article_id for i in after.slate] != [i.article_id for i in fast.slate]:
            break
    waited_s = time.monotonic() - started
    if is_evaluated:
        after = _ask(session, user_id, "after", now + 1.0, deadline_ms=deadline_ms)
    described.append(_show(f"user {user_id}, {waited_s:.2f} s after the click", after, titles))
    click.echo("")
    return described


def _titles(log: MindLog) -> dict[str, str]:
    """Return what stands for each article in a slate."""
    return {key: f"[{one.category}] {one.title}" for key, one in log.articles().items()}


def _show(whose: str, slate: Recommendation, titles: Mapping[str, str]) -> str:
    """Print a slate; return whose it is and what ranked it."""
    click.echo(f"\n{whose} ({stage_sentence(slate)}):")
    click.echo("\n".join(slate_lines(slate, titles)))
    return f"{whose}: {stage_sentence(slate)}"


def _ask(
    session: Session,
    user_id: str,
    name: str,
    now: float,
    *,
    slate_size: int = 5,
    deadline_ms: int = 0,
) -> Recommendation:
    request = RecommendationRequest(
        request_id=f"demo-{name}",
        user_id=user_id,
        requested_at=instant(now),
        slate_size=slate_size,
        deadline_ms=deadline_ms,
    )
    return session.ask(request).recommendation
