"""`cherryrec lora publish FOLDER`, `cherryrec lora withdraw`: weights swapped while workers run."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.codec import decode, encode
from cherryrec.errors import BadMessage, ConfigError, ServiceError
from cherryrec.events import LoraPublished, instant

if TYPE_CHECKING:
    from streams.config import KafkaConfig

__all__ = ["lora"]

_TOPIC = "lora-weights"


@click.group()
def lora() -> None:
    """Say which LoRA weights the gpu workers serve with, while they run."""


@lora.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--path", "seen_as", help="The folder as the workers see it (with a cluster, its servers)."
)
@click.option(
    "--base", help="The model to put them on; what the weights say they tuned, unless given."
)
@with_settings
def publish(settings: Settings, folder: Path, seen_as: str | None, base: str | None) -> None:
    """Have every worker put the weights in FOLDER on. An older folder again is a rollback."""
    from gpu_worker.lora import base_name, read_lora

    weights = read_lora(folder)
    weights = replace(
        weights,
        path=seen_as or str(folder.resolve()),
        base=base_name(base) if base else weights.base,
    )
    if not weights.base:
        msg = f"--base must name the model that the weights in {str(folder)!r} tuned: they do not"
        raise ConfigError(msg)
    message = LoraPublished(
        base=weights.base,
        path=weights.path,
        fingerprint=weights.fingerprint,
        published_at=instant(time.time()),
    )
    _send(settings.kafka, weights.base, encode(message))
    click.echo(
        f"published: {weights.fingerprint} from {weights.path!r} for workers with "
        f"{weights.base!r}, on {settings.kafka.prefix}{_TOPIC}; they swap between two batches, and "
        "keep what they have if these do not fit (cherryrec_gpu_lora_refusals_total, and their log)"
    )


@lora.command()
@click.argument("base", required=False)
@with_settings
def withdraw(settings: Settings, base: str | None) -> None:
    """Have workers go back to the weights of their settings. BASE where several are published."""
    from gpu_worker.lora import base_name

    known = _published(settings.kafka)
    names = ", ".join(sorted(known)) or "none"
    if base is None and len(known) != 1:
        msg = f"BASE must say for which model where there is not exactly one, got {names}"
        raise ConfigError(msg)
    name = base_name(base) if base else next(iter(known))
    if name not in known:
        msg = f"BASE must be a model with published weights ({names}), got {name!r}"
        raise ConfigError(msg)
    _send(settings.kafka, name, None)
    click.echo(
        f"withdrawn: {known[name].fingerprint} for {name!r}, by a tombstone on "
        f"{settings.kafka.prefix}{_TOPIC}; workers go back to gpu.lora_path, or to none"
    )


def _send(kafka: KafkaConfig, base: str, value: bytes | None) -> None:
    """Send one message and wait until Kafka has it."""
    from streams.records import TopicWriter

    refusals: list[Exception] = []
    with TopicWriter(kafka, _TOPIC) as writer:
        writer.send(base.encode(), value, refused=refusals.append)
        writer.flush()
    if refusals:
        msg = f"Kafka must take the message for {base!r} on {_TOPIC!r}: {refusals[0]!r}"
        raise ServiceError(msg) from refusals[0]


def _published(kafka: KafkaConfig) -> dict[str, LoraPublished]:
    """Return what is published now, by base model."""
    from streams.records import TopicReader

    known: dict[str, LoraPublished] = {}
    with TopicReader(kafka, _TOPIC) as reader:
        for record in reader.until_now():
            name = (record.key or b"").decode(errors="replace")
            known.pop(name, None)
            try:
                if record.value is not None:
                    known[name] = decode(LoraPublished, record.value)
            except BadMessage as error:
                click.echo(f"offset {record.offset} of {_TOPIC} is not followed: {error}", err=True)
    return known
