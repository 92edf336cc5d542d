"""What was found of a running system, and which of it is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

__all__ = ["Fault", "Lag", "Model", "ProcessStatus", "Status", "faults"]

MAX_LAG = 1_000
"""Events that may wait for a group on a topic, as in the alert `LagGrows`."""


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a topic that wait for a group; None where it has committed nothing."""

    group: str
    topic: str
    n: int | None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version on `models`."""

    version: int
    n_examples: int
    age_s: float


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A process: whether it answers, which gates are closed, how often it was restarted."""

    name: str
    is_up: bool
    gates: dict[str, str] = {}
    restarts: int = 0
    log_file: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a system stands.

    Parameters
    ----------
    servers, prefix
        Where its topics are.
    kafka_error
        Why Kafka could not be asked; "" when it was.
    parts
        Its processes, where they are known.
    lags
        By group and topic.
    model
        None: none was published.
    examples_per_h
        Examples of the last hour.
    origins
        Of the newest of them, by what they are of.
    example_age_s
        Seconds since the newest example; None: there is none.
    minutes
        How far back slates are counted.
    slates
        Rung, what it is degraded by, and the stage of a cold start that is not over, to the number
        of slates.
    n_slates, n_stale
        Slates counted, and those marked `model_stale`.
    article_age_s
        Seconds since the newest article came; None: there is none.
    n_dead_letters, reasons
        Of the last hour, and the most frequent reasons with their numbers.
    """

    servers: str
    prefix: str
    kafka_error: str = ""
    parts: tuple[ProcessStatus, ...] = ()
    lags: tuple[Lag, ...] = ()
    model: Model | None = None
    examples_per_h: int = 0
    origins: dict[str, int] = {}
    example_age_s: float | None = None
    minutes: float = 5.0
    slates: dict[str, int] = {}
    n_slates: int = 0
    n_stale: int = 0
    article_age_s: float | None = None
    n_dead_letters: int = 0
    reasons: dict[str, int] = {}


class Fault(msgspec.Struct, frozen=True):
    """What is wrong, and what to do about it, in one sentence."""

    part: str
    sentence: str


def faults(status: Status, *, model_stale_s: float) -> tuple[Fault, ...]:
    """Say what is wrong.

    Parameters
    ----------
    status
        What was found.
    model_stale_s
        How long examples may wait for a newer model, in seconds.

    Examples
    --------
    >>> status = Status(servers="s", prefix="p.", example_age_s=10.0, examples_per_h=900)
    >>> faults(status, model_stale_s=120.0)[0].sentence
    'examples come (900 in the last hour) and no model was ever published: start a learner, or \
read its log'
    """
    return tuple(_faults(status, model_stale_s))


def _faults(status: Status, model_stale_s: float) -> Iterator[Fault]:
    for part in status.parts:
        where = f" ({part.log_file})" if part.log_file else ""
        if not part.is_up:
            yield Fault(
                part.name, f"{part.name} does not answer: read its log{where}, and start it again"
            )
        for gate, reason in part.gates.items():
            yield Fault(part.name, f"{part.name} is not ready, {gate}: {reason}{where}")
    if status.kafka_error:
        yield Fault("kafka", f"Kafka must answer, it did not: {status.kafka_error}")
        return
    yield from _model_faults(status, model_stale_s)
    for lag in status.lags:
        if lag.n is not None and lag.n > MAX_LAG:
            yield Fault(
                lag.group,
                f"{lag.n:,} messages of {lag.topic} wait for the group {lag.group}: does a member "
                "run, and is it fast enough? Add workers up to the partitions",
            )
    if status.n_dead_letters:
        reason, n = next(iter(status.reasons.items()), ("", 0))
        yield Fault(
            "dead-letters",
            f"{status.n_dead_letters:,} messages were refused in the last hour, most for "
            f"{reason!r} ({n:,}): `cherryrec tail dead-letters` names each; mend the sender",
        )


def _model_faults(status: Status, model_stale_s: float) -> Iterator[Fault]:
    model, example_age_s = status.model, status.example_age_s
    if example_age_s is not None and status.examples_per_h and model is None:
        yield Fault(
            "learner",
            f"examples come ({status.examples_per_h:,} in the last hour) and no model was ever "
            "published: start a learner, or read its log",
        )
    elif model is not None and example_age_s is not None:
        waited_s = model.age_s - example_age_s
        if waited_s > model_stale_s:
            yield Fault(
                "learner",
                f"version {model.version:,} of the models is {model.age_s:.0f} s old, and examples "
                f"came until {example_age_s:.0f} s ago: start a learner, or read its log",
            )
    if status.n_stale:
        yield Fault(
            "slates",
            f"{status.n_stale:,} of {status.n_slates:,} slates of the last {status.minutes:g} "
            "minutes were ranked by a stale model: see the learner, and that workers follow models",
        )
