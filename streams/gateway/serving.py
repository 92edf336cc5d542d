"""The gateway's process: the app on a port, until a signal ends it."""

from __future__ import annotations

import logging
import math
import signal
import socket
from collections.abc import Sequence

import uvicorn
from litestar.types import ControllerRouterHandler

from cherryrec.errors import ConfigError, ServiceError
from cherryrec.supervised import Ending, Lookout
from streams.gateway.app import create_app
from streams.gateway.gateway import Gateway

__all__ = ["run_gateway"]

logger = logging.getLogger(__name__)

_GRACE_SHARE = 3
"""Calls that wait at a stop have a third of its time; the rest is for Kafka's clients."""


def run_gateway(gateway: Gateway, more: Sequence[ControllerRouterHandler] = ()) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    Parameters
    ----------
    gateway
        What answers.
    more
        Route handlers besides those of the API, as those of the page.

    Raises
    ------
    ServiceError
        The port is taken.
    """
    config = gateway.config
    listening = _listening(config.host, config.port)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(gateway, more),
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=math.ceil(config.stop_s / _GRACE_SHARE),
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises a signal again once it has ended
    gateway.is_stopping = lambda: server.should_exit
    ending = Ending(config.stop_s, is_stopping=gateway.is_stopping)
    lookout = Lookout(
        gateway.kafka.client_options(),
        [gateway.names(topic) for topic in gateway.feed.topics],
        gates=gateway.gates,
    )
    lookout.start()
    ending.start()
    host, port = listening.getsockname()[:2]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    logger.info("gateway at http://%s", place)
    if not config.has_keys:
        logger.warning("no keys are set: only this machine is answered, and may do everything")
    try:
        server.run(sockets=[listening])
    finally:
        lookout.stop()
        ending.stop()
    return 0 if server.started and not gateway.has_failed else 1


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2_048)
    except socket.gaierror as error:
        msg = f"gateway.host must be an address of this machine, got {host!r}: {error.strerror}"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"the gateway must listen on {host}:{port}, got {error.strerror}: is one running?"
        raise ServiceError(msg) from error
