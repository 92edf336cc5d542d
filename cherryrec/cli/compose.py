"""`up --compose` and `down --compose`: the same system in containers."""

from __future__ import annotations

import os
import shutil
import subprocess

from cherryrec.cli.repository import in_repository
from cherryrec.errors import ServiceError

__all__ = ["compose_down", "compose_up", "has_compose"]

_OTHERWISE = "without --compose, local processes are started"


def has_compose() -> bool:
    """Whether `docker compose` is installed and its daemon answers."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    return all(
        subprocess.run([docker, *arguments], capture_output=True, check=False).returncode == 0
        for arguments in (("compose", "version"), ("version",))
    )


def compose_up(*, n_workers: int, has_evaluator: bool) -> None:
    """Start the containers and wait until they are healthy.

    Raises
    ------
    ServiceError
        Docker is not there, or something did not come up.
    """
    _compose(
        *("up", "--detach", "--wait", "--scale", f"stream={n_workers}"),
        has_evaluator=has_evaluator,
    )


def compose_down() -> None:
    """Stop and remove the containers; the volumes stay."""
    _compose("down", has_evaluator=True)


def _compose(*arguments: str, has_evaluator: bool) -> None:
    file = in_repository("docker-compose.yml")
    if not has_compose():
        msg = (
            "`docker compose` must be installed and its daemon must answer, it does not: "
            f"see `docker version`; {_OTHERWISE}"
        )
        raise ServiceError(msg)
    profile = ("--profile", "llm") if has_evaluator else ()
    command = ["docker", "compose", "--file", str(file), *profile, *arguments]
    environment = {"CHERRYREC_EVALUATOR_ENABLED": str(has_evaluator).lower()}
    code = subprocess.run(command, env={**os.environ, **environment}, check=False).returncode
    if code:
        msg = f"`{' '.join(command)}` must succeed, it ended with code {code}; {_OTHERWISE}"
        raise ServiceError(msg)
