"""All settings of a process: defaults, then one TOML file, then CHERRYREC_ variables.

A section is one frozen struct, whose defaults are written where it is defined. Names that are not
settings are errors, wherever they come from: a setting that silently does nothing is worse.
"""

from __future__ import annotations

import difflib
import logging
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from cherryrec.attention import AttentionConfig
from cherryrec.catalogue import CatalogueConfig
from cherryrec.co_reads import CoReadsConfig
from cherryrec.errors import CherryRecError, ConfigError
from cherryrec.feedback import FeedbackConfig
from cherryrec.knrs import KnrsConfig
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig, TrialsConfig
from cherryrec.profile import ProfileConfig
from cherryrec.slates import SlatesConfig
from cherryrec.supervised import INSTANCE_VARIABLE
from cherryrec.tracing import TracingConfig
from cherryrec.vans import FORMER_SETTINGS, MEMBERS, Member, VansConfig
from gpu_worker.config import GpuConfig
from streams.config import KafkaConfig, LearnerProcessConfig, StreamConfig
from streams.engine.security import Security
from streams.gateway.config import GatewayConfig

__all__ = [
    "CACHE_VARIABLE",
    "ENV_PREFIX",
    "SECTIONS",
    "Settings",
    "load_settings",
    "setting_names",
    "variable_of",
]

logger = logging.getLogger(__name__)

ENV_PREFIX = "CHERRYREC_"
"""Before every variable: CHERRYREC_<SECTION>_<FIELD>."""

CACHE_VARIABLE = "CHERRYREC_CACHE_DIR"
"""Where jars and models are kept; read by the commands that fetch them."""

_OTHER_VARIABLES = {
    *(CACHE_VARIABLE, INSTANCE_VARIABLE),
    *("CHERRYREC_CONFIG", "CHERRYREC_TEST_LOGS"),
}

# What Kubernetes and Docker tell every process of a Service whose name begins with cherryrec.
_SERVICE_NAME = re.compile(
    r"_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+")

SECTIONS: dict[str, type[Any]] = {
    "kafka": KafkaConfig,
    "security": Security,
    "stream": StreamConfig,
    "learner": LearnerProcessConfig,
    "gateway": GatewayConfig,
    "gpu": GpuConfig,
    "tracing": TracingConfig,
    "evaluator": EvaluatorConfig,
    "feedback": FeedbackConfig,
    "knrs": KnrsConfig,
    "vans": VansConfig,
    **{f"vans.{member.name}": member for member in MEMBERS},
    "profile": ProfileConfig,
    "catalogue": CatalogueConfig,
    "attention": AttentionConfig,
    "co_reads": CoReadsConfig,
    "slates": SlatesConfig,
    "trials": TrialsConfig,
}
"""Section name → its struct, in the order of the table; `a.b` is a table within `a`."""

_FORMER = {
    f"vans.{name}": " and ".join(f"vans.{one}" for one in now.split(" and "))
    for name, now in FORMER_SETTINGS.items()
}

_CORE = tuple(one.name for one in fields(PipelineConfig))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every section, validated; `core` holds those of the pipeline."""

    kafka: KafkaConfig = field(default_factory=KafkaConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    learner: LearnerProcessConfig = field(default_factory=LearnerProcessConfig)
    gateway: GatewayConfig = field(default_factory=GatewayConfig)
    gpu: GpuConfig = field(default_factory=GpuConfig)
    tracing: TracingConfig = field(default_factory=TracingConfig)
    core: PipelineConfig = field(default_factory=PipelineConfig)


def load_settings(
    file: Path | None,
    environment: Mapping[str, str],
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Put the settings together.

    Parameters
    ----------
    file
        A TOML file with a table per section; None for none.
    environment
        Variables; those with our prefix override the file.
    overrides
        Values of command-line options by section and field, which override both.

    Raises
    ------
    ConfigError
        A name that is no setting, or a value that is not valid, and where it came from.

    Examples
    --------
    >>> load_settings(None, {"CHERRYREC_KNRS_FLOOR": "30"}).core.knrs.floor
    30
    >>> load_settings(None, {"CHERRYREC_KNRS_FLOR": "30"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cherryrec.errors.ConfigError: CHERRYREC_KNRS_FLOR is no setting: did you mean ..._KNRS_FLOOR?
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    origins: dict[tuple[str, str], str] = {}
    for section, name, value, origin in (
        *_from_file(file),
        *_from_environment(environment),
        *_from_overrides(overrides or {}),
    ):
        values[section][name] = value
        origins[section, name] = origin
    built = {name: _build(name, values[name], origins) for name in SECTIONS}
    members = (one for one in built.values() if isinstance(one, Member))
    built["vans"] = built["vans"].with_settings(*members)
    kafka = built["kafka"]
    return Settings(
        kafka=KafkaConfig(
            bootstrap_servers=kafka.bootstrap_servers,
            prefix=kafka.prefix,
            partitions=kafka.partitions,
            replication=kafka.replication,
            security=built["security"],
        ),
        stream=built["stream"],
        learner=built["learner"],
        gateway=built["gateway"],
        gpu=built["gpu"],
        tracing=built["tracing"],
        core=PipelineConfig(**{name: built[name] for name in _CORE}),
    )


def setting_names(section: str) -> list[str]:
    """Return the fields of a section that can be set."""
    return [
        one.name
        for one in fields(SECTIONS[section])
        if one.metadata.get("is_setting", True) and not is_dataclass(one.default_factory)
    ]


def variable_of(section: str, name: str) -> str:
    """Return the variable that sets a field.

    Examples
    --------
    >>> variable_of("vans.forest", "n_trees")
    'CHERRYREC_VANS_FOREST_N_TREES'
    """
    return f"{ENV_PREFIX}{section}_{name}".replace(".", "_").upper()


_Entry = tuple[str, str, Any, str]


def _from_file(file: Path | None) -> list[_Entry]:
    if file is None:
        return []
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"settings file {str(file)!r} must be readable TOML: {error}"
        raise ConfigError(msg) from error
    return [entry for section, table in tables.items() for entry in _of_table(file, section, table)]


def _of_table(file: Path, section: str, table: object) -> Iterator[_Entry]:
    """Yield the settings of a section, and of the sections within it."""
    if section not in SECTIONS:
        msg = f"{file}: [{section}] is no section{_nearest(section, list(SECTIONS))}"
        raise ConfigError(msg)
    if not isinstance(table, dict):
        msg = f"{file}: {section} must be a table, [{section}], got {table!r}"
        raise ConfigError(msg)
    for name, value in table.items():
        full = f"{section}.{name}"
        if full in SECTIONS:
            yield from _of_table(file, full, value)
        elif full in _FORMER:
            msg = f"{file}: {full} is no setting any more: it is {_FORMER[full]} now"
            raise ConfigError(msg)
        elif name not in setting_names(section):
            within = [one.rsplit(".", 1)[1] for one in SECTIONS if one.startswith(f"{section}.")]
            near = _nearest(name, [*setting_names(section), *within])
            msg = f"{file}: {full} is no setting{near}"
            raise ConfigError(msg)
        else:
            yield section, name, value, f"{file}: {full}"


def _from_environment(environment: Mapping[str, str]) -> list[_Entry]:
    known = {
        variable_of(section, name): (section, name)
        for section in SECTIONS
        for name in setting_names(section)
    }
    former = {variable_of(*name.split(".")): now for name, now in _FORMER.items()}
    entries = []
    for variable, text in sorted(environment.items()):
        if not variable.startswith(ENV_PREFIX) or variable in _OTHER_VARIABLES:
            continue
        if _is_service(variable, text):
            logger.debug("%s is no setting but an address of a Service: passed over", variable)
            continue
        if variable not in known and variable in former:
            now = former[variable].split(" and ")
            names = " and ".join(variable_of(*one.rsplit(".", 1)) for one in now)
            msg = f"{variable} is no setting any more: it is {names} now"
            raise ConfigError(msg)
        if variable not in known:
            msg = f"{variable} is no setting{_nearest(variable, list(known))}"
            raise ConfigError(msg)
        section, name = known[variable]
        entries.append((section, name, _parsed(text), variable))
    return entries


def _is_service(variable: str, text: str) -> bool:
    """Whether a variable tells of a Service, as Kubernetes names it.

    The address of a Service `cherryrec-stream-http` has the name of our setting
    `stream.http_port`; its value is none of that.
    """
    if variable.endswith("_PORT") and _SERVICE_ADDRESS.fullmatch(text):
        return True
    return _SERVICE_NAME.search(variable) is not None


def _from_overrides(overrides: Mapping[str, Mapping[str, Any]]) -> list[_Entry]:
    return [
        (section, name, value, f"option for {section}.{name}")
        for section, table in overrides.items()
        for name, value in table.items()
        if value is not None
    ]


def _parsed(text: str) -> Any:
    """Read a variable: JSON for lists and tables, else the text itself, which converts."""
    if text[:1] in "[{":
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
    return text


def _build(section: str, values: dict[str, Any], origins: Mapping[tuple[str, str], str]) -> Any:
    kind = SECTIONS[section]
    hints = get_type_hints(kind)
    converted = {}
    for name, value in values.items():
        try:
            converted[name] = _convert(value, hints[name])
        except msgspec.ValidationError as error:
            wanted = str(error)
            if get_origin(hints[name]) is Literal:
                wanted = f"must be one of {', '.join(map(str, get_args(hints[name])))}"
            got = "a value that is not shown" if name in _secrets(kind) else repr(value)
            msg = f"{origins[section, name]}: {wanted}, got {got}"
            raise ConfigError(msg) from error
    try:
        return kind(**converted)
    except CherryRecError as error:
        named = set(re.findall(r"\w+", str(error)))  # as words: one name may be part of another
        sources = sorted(origins[section, name] for name in named & values.keys())
        where = f" (set by {', '.join(sources)})" if sources else ""
        msg = f"{error}{where}"
        raise ConfigError(msg) from error


def _secrets(kind: type[Any]) -> set[str]:
    """Return the fields of a section whose values are shown nowhere."""
    return {one.name for one in fields(kind) if one.metadata.get("is_secret", False)}


def _convert(value: Any, hint: Any) -> Any:
    if hint is Path:
        return Path(msgspec.convert(value, str))
    return msgspec.convert(value, hint, strict=False)


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else f", known are {', '.join(known[:20])}"
