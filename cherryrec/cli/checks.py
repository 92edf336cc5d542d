"""What `doctor` looks at: each check is one line and changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from cherryrec.cli.compose import has_compose
from cherryrec.cli.options import cache_dir
from cherryrec.cli.settings import Settings
from cherryrec.errors import ServiceError
from streams.config import KafkaConfig

__all__ = [
    "Check",
    "kafka_checks",
    "local_kafka_checks",
    "machine_checks",
    "model_checks",
    "writer_checks",
]

State = Literal["ok", "missing", "wrong"]

_DEFAULT_SERVERS = KafkaConfig().bootstrap_servers
_DISK_GIB = 2.0
_MEMORY_GIB = 2.0
_MEMORY_LLM_GIB = 4.0
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `is_needed` by what the settings use."""

    name: str
    state: State
    text: str
    is_needed: bool = False

    def line(self) -> str:
        """Return it as a line.

        Examples
        --------
        >>> Check("java", "missing", "install it").line()
        'missing  java: install it'
        """
        return f"{self.state:7}  {self.name}: {self.text}"


def machine_checks() -> list[Check]:
    """Look at Python, disk and memory."""
    version = platform.python_version()
    has_python = sys.version_info >= (3, 11)
    python = Check(
        "python",
        "ok" if has_python else "wrong",
        version if has_python else f"must be 3.11 or newer, is {version}: make a new environment",
        is_needed=True,
    )
    return [python, _disk(), _memory(_MEMORY_GIB, is_needed=True, what="memory")]


def kafka_checks(kafka: KafkaConfig) -> list[Check]:
    """Look at the cluster of the settings and at the topics on it; the cluster comes first."""
    from streams.admin import check_topics

    servers = kafka.bootstrap_servers
    is_chosen = servers != _DEFAULT_SERVERS
    try:
        mismatches = check_topics(kafka)
    except ServiceError as error:
        what = f"{error}; or `cherryrec up` starts one here"
        return [Check("kafka", "wrong" if is_chosen else "missing", what, is_needed=is_chosen)]
    answers = Check("kafka", "ok", f"answers at {servers}", is_needed=True)
    if not mismatches:
        return [
            answers,
            Check("topics", "ok", f"as they must be under {kafka.prefix!r}"),
            *writer_checks(kafka),
            *_system_checks(kafka),
        ]
    absent = [one for one in mismatches if one.setting == "topic"]
    wrong = [one for one in mismatches if one.setting != "topic"]
    found = []
    for one in wrong:
        do = "run `cherryrec topics repair`" if one.can_be_set else "set it so, or another prefix"
        found.append(Check("topics", "wrong", f"{one}: {do}", is_needed=True))
    if absent:
        text = f"{len(absent)} under {kafka.prefix!r}: run `cherryrec topics create`"
        found.append(Check("topics", "missing", text, is_needed=True))
    else:
        found += writer_checks(kafka)
    return [answers, *found]


def writer_checks(kafka: KafkaConfig) -> list[Check]:
    """Look at the newest records of the site's topics: what their writers do otherwise.

    What is taken right all the same is a warning; what holds records up is needed.
    """
    from kafka.errors import KafkaError

    from streams.writers import advice, look

    try:
        topics = look(kafka)
    except KafkaError as error:
        return [Check("writers", "wrong", f"the newest records cannot be read: {error!r}")]
    checks = []
    for topic in topics:
        name = f"writers of {topic.topic}"
        found = list(advice(topic))
        checks += [Check(name, "wrong", text, is_needed=is_held_up) for is_held_up, text in found]
        if not found:
            n = topic.n_records
            text = f"the newest {n:,} records are in place" if n else "no records yet"
            checks.append(Check(name, "ok", text))
    return checks


def _system_checks(kafka: KafkaConfig) -> list[Check]:
    """Say what `cherryrec status` finds wrong on the topics; nothing is needed of it here."""
    from streams.config import StreamConfig
    from streams.status import collect, faults

    found = faults(collect(kafka, {}), model_stale_s=StreamConfig().model_stale_s)
    return [Check(one.part, "wrong", one.sentence) for one in found]


def local_kafka_checks(*, is_needed: bool) -> list[Check]:
    """Look at what starts a Kafka here: Java and its jars (or Maven, to fetch them), or Docker.

    Parameters
    ----------
    is_needed
        Whether there is no other Kafka; Docker does in place of the rest.
    """
    from streams.broker import kafka_version, require_java

    has_docker = has_compose()
    is_needed = is_needed and not has_docker
    try:
        java = Check("java", "ok", require_java(), is_needed=is_needed)
    except ServiceError as error:
        is_old = shutil.which("java") is not None
        java = Check("java", "wrong" if is_old else "missing", str(error), is_needed=is_needed)
    jars = cache_dir() / f"kafka-{kafka_version()}"
    has_jars, maven = jars.is_dir(), shutil.which("mvn")
    return [
        java,
        Check(
            "kafka jars",
            "ok" if has_jars else "missing",
            str(jars) if has_jars else f"not in {jars}: run `cherryrec kafka fetch`",
            is_needed=is_needed and maven is None,
        ),
        Check(
            "maven",
            "ok" if maven else "missing",
            maven or "mvn is not on PATH: install it, it fetches Kafka's jars once",
            is_needed=is_needed and not has_jars,
        ),
        Check(
            "docker",
            "ok" if has_docker else "missing",
            "`docker compose` answers"
            if has_docker
            else "`docker compose` does not answer: only `up --compose` needs it",
        ),
    ]


def model_checks(settings: Settings) -> list[Check]:
    """Look at what CnLE runs on; needed where the evaluator is enabled."""
    from gpu_worker.small_model import small_model_path

    is_needed = settings.core.evaluator.enabled
    has_torch = find_spec("torch") is not None
    folder = Path(settings.gpu.model_cache_dir).expanduser()
    small = small_model_path(folder)
    if settings.gpu.model not in ("auto", "small"):
        model = Check(
            "model", "ok", f"{settings.gpu.model} by the settings, the small one is not used"
        )
    elif small is None:
        text = f"the small model is not in {folder}: run `cherryrec model fetch`"
        model = Check(
            "model", "missing", text, is_needed=is_needed and settings.gpu.model == "small"
        )
    else:
        model = Check("model", "ok", str(small))
    return [
        Check(
            "torch",
            "ok" if has_torch else "missing",
            "is installed" if has_torch else "pip install 'cherryrec[llm]' to evaluate with CnLE",
            is_needed=is_needed and settings.gpu.backend == "transformers",
        ),
        model,
        _memory(_MEMORY_LLM_GIB, is_needed=is_needed, what="memory for CnLE"),
    ]


def _disk() -> Check:
    """Look at the disk of this folder, where data and logs go."""
    free_gib = shutil.disk_usage(Path.cwd()).free / _GIB
    text = f"{free_gib:.1f} GiB free in {Path.cwd()}"
    if free_gib < _DISK_GIB:
        text += f", wanted {_DISK_GIB:g}: Kafka, tables and logs grow; make room"
        return Check("disk", "wrong", text, is_needed=True)
    return Check("disk", "ok", text, is_needed=True)


def _memory(wanted_gib: float, *, is_needed: bool, what: str) -> Check:
    """Look at the memory that this process may have: the machine's, or its group's limit."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return Check(what, "missing", "this system does not tell its memory")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = "max"
    has_gib = min(total, int(limit) if limit.isdigit() else total) / _GIB
    text = f"{has_gib:.1f} GiB"
    if has_gib < wanted_gib:
        return Check(what, "wrong", f"{text}, wanted {wanted_gib:g}: it may be killed", is_needed)
    return Check(what, "ok", text, is_needed)
