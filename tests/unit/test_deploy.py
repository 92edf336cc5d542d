"""What is deployed agrees with the code: versions, settings, ports, limits, metric names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from cherryrec.cli.settings import load_settings
from cherryrec.errors import ConfigError
from gpu_worker.config import GpuConfig
from gpu_worker.counts import WorkerState
from gpu_worker.probes import StateCollector
from streams.broker import kafka_version
from streams.config import KafkaConfig, LearnerProcessConfig, StreamConfig
from streams.engine import Metrics
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
YAML_FILES = [
    ROOT / "docker-compose.yml",
    *sorted(
        path
        for end in ("*.yml", "*.yaml")
        for path in DEPLOY.rglob(end)
        if path.parent != DEPLOY / "site"  # with tags of Python's: tests/unit/test_site.py
    ),
]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("cherryrec:")}
ONE_SHOT = {"topics", "model"}
KEYS = '["0123456789abcdef"]'
METRIC = re.compile(r"\b(?:cherryrec_\w+|up)\b")


def as_compose_reads(value: object) -> str:
    """Put the defaults of `${NAME:-default}` in."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))


def settings_of(service: dict[str, Any]) -> dict[str, str]:
    environment = service.get("environment", {})
    return {
        name: as_compose_reads(value)
        for name, value in environment.items()
        if name.startswith("CHERRYREC_")
    }


def keys_of(variables: dict[str, str]) -> dict[str, str]:
    """Keys where a service wants some, which whoever starts it must bring."""
    return {name: KEYS for name in variables if name.endswith("_KEYS")}


def rules() -> list[dict[str, Any]]:
    alerts = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in alerts["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Every PromQL expression with the place it stands at."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                yield panel["title"], target["expr"]


def exported(registry: CollectorRegistry) -> set[str]:
    """Sample names of a registry, those of series that no label has been given to yet too."""
    endings = {
        "counter": ("_total",),
        "gauge": ("",),
        "histogram": ("_bucket", "_sum", "_count"),
        "summary": ("_sum", "_count"),
    }
    return {
        family.name + ending for family in registry.collect() for ending in endings[family.type]
    }


def gateway_registry() -> CollectorRegistry:
    return Gateway(KafkaConfig(), GatewayConfig()).metrics.registry


def gpu_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(StateCollector(WorkerState()))
    return registry


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_yaml_is_yaml(path: Path) -> None:
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))

    assert documents
    assert all(isinstance(one, dict) for one in documents)


def test_images_bring_compiled_loops() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if "pip install --no-deps ." in line]

    assert len(installs) == 2
    assert all(line.endswith("&& cherryrec prepare") for line in installs)


def test_compose_runs_the_kafka_of_the_pom() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_in_compose_is_a_setting(name: str) -> None:
    variables = settings_of(SERVICES[name])

    load_settings(None, variables | keys_of(variables))  # a name that is no setting is an error

    assert variables.get("CHERRYREC_KAFKA_BOOTSTRAP_SERVERS") or name == "model"


@pytest.mark.parametrize("name", sorted(OURS))
def test_compose_sets_only_what_differs_from_the_defaults(name: str) -> None:
    for variable, value in settings_of(SERVICES[name]).items():
        if "${" not in str(SERVICES[name]["environment"][variable]):
            keys = keys_of(settings_of(SERVICES[name]))
            assert load_settings(None, {variable: value, **keys}) != load_settings(None, keys)


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for one in SERVICES.values() for port in one.get("ports", ())]

    assert published
    for port in published:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_a_memory_limit_and_a_health_check_or_ends(name: str) -> None:
    service = SERVICES[name]

    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    if name in ONE_SHOT:
        assert service["restart"] == "no"
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"


def test_stream_workers_can_be_scaled() -> None:
    stream = SERVICES["stream"]

    assert "container_name" not in stream
    assert "ports" not in stream
    # A volume without a name is each container's own.
    assert stream["volumes"] == [settings_of(stream)["CHERRYREC_STREAM_DATA_DIR"]]


def test_dependencies_are_there_and_what_they_wait_for_can_happen() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            assert needed in SERVICES, name
            if condition == "service_completed_successfully":
                assert needed in ONE_SHOT
            else:
                assert condition == "service_healthy"
                assert "healthcheck" in SERVICES[needed]


@pytest.mark.parametrize(
    ("job", "port"),
    [
        ("stream", StreamConfig().http_port),
        ("learner", LearnerProcessConfig().http_port),
        ("gpu", GpuConfig().http_port),
        ("gateway", GatewayConfig().port),
    ],
)
def test_prometheus_and_health_checks_ask_the_workers_own_port(job: str, port: int) -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    (discovery,) = next(
        one["dns_sd_configs"] for one in config["scrape_configs"] if one["job_name"] == job
    )
    variables = settings_of(SERVICES[job])

    assert (discovery["names"], discovery["port"]) == ([job], port)
    assert f":{port}/ready" in SERVICES[job]["healthcheck"]["test"][-1]
    host = "HOST" if job == "gateway" else "HTTP_HOST"
    assert variables[f"CHERRYREC_{job.upper()}_{host}"] == "0.0.0.0"


def test_the_gateway_of_compose_ends_without_keys() -> None:
    with pytest.raises(ConfigError, match="set read_keys, send_keys and admin_keys"):
        load_settings(None, settings_of(SERVICES["gateway"]))


def test_prometheus_reads_the_alerts() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))

    assert [PROMETHEUS / name for name in config["rule_files"]] == [PROMETHEUS / "alerts.yml"]


def test_bound_files_and_folders_are_there() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{name}: {volume}"
            elif ":" in volume:
                assert source in COMPOSE["volumes"], f"{name}: {volume}"


def test_the_gpu_file_changes_only_services_that_are_there() -> None:
    over = yaml.safe_load((DEPLOY / "compose.gpu.yml").read_text(encoding="utf-8"))

    assert set(over["services"]) <= set(SERVICES)


def test_every_metric_in_dashboard_and_alerts_is_exported() -> None:
    registries = (Metrics().registry, gpu_registry(), gateway_registry())
    known = {"up"}.union(*map(exported, registries))

    asked = {(place, name) for place, text in expressions() for name in METRIC.findall(text)}

    assert asked
    assert {one for one in asked if one[1] not in known} == set()


def test_the_names_compared_with_are_those_prometheus_sees() -> None:
    metrics = Metrics()
    metrics.count("clicks", "applied")
    metrics.batch_s.labels("clicks").observe(0.1)
    seen = {
        sample.name
        for registry in (metrics.registry, gpu_registry())
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }

    assert seen <= exported(metrics.registry) | exported(gpu_registry())


def test_the_dashboard_names_each_panel_once_and_finds_its_data_source() -> None:
    folder = DEPLOY / "grafana" / "provisioning" / "datasources"
    (source,) = yaml.safe_load((folder / "prometheus.yml").read_text("utf-8"))["datasources"]
    assert DASHBOARDS
    for path in DASHBOARDS:
        panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
        titles = [panel["title"] for panel in panels]
        ids = [panel["id"] for panel in panels]
        uids = {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"}
        assert len(set(titles)) == len(titles)
        assert len(set(ids)) == len(ids)
        assert uids == {source["uid"]}


def test_grafana_opens_with_the_dashboard() -> None:
    grafana = SERVICES["grafana"]
    inside = dict(reversed(volume.split(":")[:2]) for volume in grafana["volumes"])
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert (ROOT / inside[str(home.parent)] / home.name).is_file()


def test_the_pages_explain_every_alert_and_metric() -> None:
    names = ("monitoring", "failures", "kafka")
    page = "".join((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in names)
    families = {
        family.name
        for registry in (Metrics().registry, gpu_registry(), gateway_registry())
        for family in registry.collect()
    }

    assert {rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in page} == set()
    assert {name for name in families if f"`{name}" not in page} == set()


def test_the_dockerfile_installs_lock_files_that_are_there() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    locks = set(re.findall(r"requirements/[\w.]+\.lock", dockerfile))
    installs = re.findall(r"pip install .*-r .*", dockerfile)

    assert locks == {"requirements/core.lock", "requirements/llm.lock"}
    assert all((ROOT / lock).is_file() for lock in locks)
    assert installs
    assert all("--require-hashes" in one for one in installs)
    assert "!requirements" in ignored


def test_the_dockerfile_has_compose_s_targets_and_no_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    targets = {service["build"]["target"] for service in OURS.values()}
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", dockerfile, re.MULTILINE)

    assert targets == {"core", "llm"}
    for target in targets:
        assert ("run", target) in stages
    run = dockerfile.split(" AS run\n")[1].split("\nFROM ")[0]
    assert "\nUSER cherryrec\n" in run


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["core.lock", "llm.lock"])
def test_images_hold_the_versions_that_are_tested(name: str) -> None:
    tested = pins("all.lock")

    assert pins(name)
    assert {pin for pin in pins(name).items() if tested.get(pin[0]) != pin[1]} == set()


def test_the_language_model_s_image_holds_all_of_the_core() -> None:
    assert pins("core.lock").items() <= pins("llm.lock").items()
