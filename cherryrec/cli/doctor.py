"""`cherryrec doctor`: what this machine has, what it lacks, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from cherryrec.cli.checks import (
    Check,
    kafka_checks,
    local_kafka_checks,
    machine_checks,
    model_checks,
)
from cherryrec.cli.options import kafka_options, settings_from
from cherryrec.errors import ConfigError, ServiceError

__all__ = ["doctor"]


@click.command()
@kafka_options
def doctor(config: Path | None, bootstrap_servers: str | None, prefix: str | None) -> None:
    """Check this machine, a line each: ok, missing or wrong, and what to do.

    Needed is what the settings use: Kafka where it is to be reached, or else what starts one here;
    the language model where the evaluator is enabled. Exit 1 if something needed is not ok.
    """
    checks = machine_checks()
    try:
        settings = settings_from(config, bootstrap_servers, prefix)
    except ConfigError as error:
        checks.append(Check("settings", "wrong", str(error), is_needed=True))
        checks.extend(local_kafka_checks(is_needed=False))
    else:
        checks.append(Check("settings", "ok", "valid"))
        on_kafka = kafka_checks(settings.kafka)
        checks.extend(on_kafka)
        checks.extend(local_kafka_checks(is_needed=on_kafka[0].state != "ok"))
        checks.extend(model_checks(settings))
    for check in checks:
        click.echo(check.line())
    broken = [check.name for check in checks if check.is_needed and check.state != "ok"]
    if broken:
        msg = f"needed and not ok: {', '.join(broken)}"
        raise ServiceError(msg)
