"""`cherryrec serve`: the HTTP gateway in this process."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace

import click

from cherryrec.cli.options import with_settings
from cherryrec.cli.settings import Settings
from cherryrec.errors import ServiceError
from streams.gateway.config import GatewayConfig

__all__ = ["serve"]


@click.command()
@click.option("--host", help="Address to listen on; gateway.host.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Its port, 0 for a free one; gateway.port."
)
@click.option(
    "--demo", is_flag=True, help="Show on the page the view in which a reader is played by hand."
)
@with_settings
def serve(settings: Settings, host: str | None, port: int | None, demo: bool) -> None:
    """Answer over HTTP until SIGTERM or Ctrl-C, and show the page; it logs to standard error.

    Without keys (gateway.read_keys, send_keys, admin_keys) only this machine is answered.
    """
    from cherryrec.tracing import tracing
    from streams.gateway.gateway import Gateway
    from streams.gateway.page import page_routes
    from streams.gateway.serving import run_gateway

    _log_to_stderr()
    config = _listening_at(settings.gateway, host, port)
    feedback = settings.core.feedback
    label_after_s = min(feedback.label_after_s, feedback.attribution_window_s)
    with tracing(settings.tracing, "gateway") as tracer:
        gateway = Gateway(
            settings.kafka, config, stream=settings.stream, core=settings.core, tracer=tracer
        )
        page = page_routes(gateway, label_after_s=label_after_s, is_demo=demo)
        code = run_gateway(gateway, page)
    if code:
        msg = f"the gateway ended with code {code}; its log says why"
        raise ServiceError(msg)


def _listening_at(config: GatewayConfig, host: str | None, port: int | None) -> GatewayConfig:
    """Return the settings with the address of the command line, where it names one."""
    return replace(
        config,
        host=config.host if host is None else host,
        port=config.port if port is None else port,
    )


def _log_to_stderr() -> None:
    """Log with the id of the call, and leave out what clients say of themselves."""
    from cherryrec.supervised import Repeats
    from streams.gateway.entry import RequestIds

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Repeats())
    handler.addFilter(RequestIds())
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("aiokafka", "kafka", "faust", "mode", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns of Faust's member metadata, which is no consumer's, whenever the page asks who works.
    logging.getLogger("kafka.admin._groups").setLevel(logging.ERROR)
