"""`cherryrec config show|check|table`."""

from __future__ import annotations

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show, check or document the settings."""


@config.command()
@with_settings
def show(settings: Settings) -> None:
    """Print the settings of this process, passwords left out, and of keys what logs call them."""
    import msgspec

    from cherryrec.vans import MEMBERS
    from streams.gateway.keys import name_of

    plain = msgspec.to_builtins(settings, enc_hook=str)
    plain["kafka"]["security"].pop("password", None)
    plain["gpu"].pop("server_api_key", None)
    for keys in ("read_keys", "send_keys", "admin_keys"):
        plain["gateway"][keys] = [name_of(key) for key in plain["gateway"][keys]]
    del plain["core"]["vans"]["settings"]
    for kind in MEMBERS:
        plain["core"]["vans"][kind.name] = msgspec.to_builtins(settings.core.vans.of(kind))
    click.echo(msgspec.json.format(msgspec.json.encode(plain), indent=2).decode())


@config.command()
@with_settings
def check(settings: Settings) -> None:
    """Check the settings file and the environment; exit 2 if something is wrong."""
    click.echo(f"settings are valid; Kafka at {settings.kafka.bootstrap_servers}")


@config.command()
def table() -> None:
    """Print the table of all settings, as Markdown."""
    from cherryrec.cli.table import configuration_table

    click.echo(configuration_table())
