"""Apache Kafka's jars from Maven Central, fetched once into the user's cache."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from cherryrec.errors import ServiceError

__all__ = ["JAVA_AT_LEAST", "fetch_kafka", "kafka_version", "require_java"]

JAVA_AT_LEAST = 17
_OTHERWISE = "or use Docker (`docker compose up`) or a cluster of yours (`--bootstrap-servers`)"
_FETCH_S = 600


def kafka_version() -> str:
    """Return the version that the pom names.

    Examples
    --------
    >>> kafka_version()
    '4.3.0'
    """
    pom = files("streams.broker").joinpath("kafka-pom.xml").read_text(encoding="utf-8")
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", pom)
    assert found is not None, "the pom names the version"
    return found[1]


def require_java() -> str:
    """Return the path of a Java that is new enough.

    Raises
    ------
    ServiceError
        There is none, or it is too old.
    """
    java = shutil.which("java")
    if java is None:
        msg = (
            f"java {JAVA_AT_LEAST} or newer must be on PATH to start Kafka: "
            f"install it, {_OTHERWISE}"
        )
        raise ServiceError(msg)
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', answer.stderr)
    version = int(found[1]) if found else 0
    if version < JAVA_AT_LEAST:
        msg = (
            f"java must be {JAVA_AT_LEAST} or newer, {java} is {version}: install it, {_OTHERWISE}"
        )
        raise ServiceError(msg)
    return java


def fetch_kafka(cache_dir: Path) -> Path:
    """Return the folder of the jars, fetching them if they are not there.

    Parameters
    ----------
    cache_dir
        The user's cache; a second process that fetches at the same time waits for the first.

    Raises
    ------
    ServiceError
        Maven is missing or failed, or the folder cannot be written.
    """
    target = cache_dir / f"kafka-{kafka_version()}"
    if target.is_dir():
        return target
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with (cache_dir / "kafka.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.is_dir():
                _fetch(target)
    except OSError as error:
        msg = f"cache folder {str(cache_dir)!r} must be writable: {error}"
        raise ServiceError(msg) from error
    return target


def _fetch(target: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        msg = f"mvn must be on PATH to fetch Kafka {kafka_version()}: install Maven, {_OTHERWISE}"
        raise ServiceError(msg)
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix="fetching-") as folder,
        as_file(files("streams.broker").joinpath("kafka-pom.xml")) as pom,
    ):
        jars = Path(folder) / "jars"
        command = [maven, "--batch-mode", "--quiet", "-f", str(pom), "dependency:copy-dependencies"]
        try:
            done = subprocess.run(
                [*command, f"-DoutputDirectory={jars}"],
                capture_output=True,
                text=True,
                check=False,
                timeout=_FETCH_S,
            )
        except subprocess.TimeoutExpired as error:
            msg = f"mvn must fetch Kafka's jars within {_FETCH_S} s, it did not: try again"
            raise ServiceError(msg) from error
        if done.returncode != 0 or not any(jars.glob("kafka_*.jar")):
            lines = (done.stdout + done.stderr).strip().splitlines()
            said = " | ".join(lines[:4])
            msg = f"mvn could not fetch Kafka's jars: {said}; try again, {_OTHERWISE}"
            raise ServiceError(msg)
        jars.rename(target)
