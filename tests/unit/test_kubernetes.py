"""The manifests are valid to Kubernetes, and say of commands, ports, paths and names what is so."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import kubernetes_validate
import pytest
import yaml

from cherryrec.cli import cli
from cherryrec.cli.settings import ENV_PREFIX, Settings, load_settings
from streams.gateway.entry import PROBES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
BASE, LLM, EXAMPLE = FOLDER / "base", FOLDER / "components" / "llm", FOLDER / "overlays" / "example"
VERSIONS = ("1.25", "1.31", kubernetes_validate.latest_version())
WORKLOADS = {"StatefulSet", "Deployment", "Job"}
KUSTOMIZATION = "kustomization.yaml"
PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
KEYS = '["0123456789abcdef"]'
SECRETS = {
    "cherryrec-kafka": {"CHERRYREC_SECURITY_PASSWORD": "a password"},
    "cherryrec-gateway-keys": {
        f"CHERRYREC_GATEWAY_{name}_KEYS": KEYS for name in ("READ", "SEND", "ADMIN")
    },
}
"""What a site is told to put into each secret."""


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def kustomization(folder: Path) -> dict[str, Any]:
    (found,) = documents(folder / KUSTOMIZATION)
    return found


def resources(*folders: Path) -> list[dict[str, Any]]:
    """What the kustomizations of these folders list, their own files only."""
    return [
        document
        for folder in folders
        for name in kustomization(folder)["resources"]
        if name.endswith(".yaml")
        for document in documents(folder / name)
    ]


ALL = resources(BASE, LLM, EXAMPLE)


class Part(NamedTuple):
    """A container of a workload, and what stands around it."""

    workload: dict[str, Any]
    container: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.workload['metadata']['name']}/{self.container['name']}"

    @property
    def pod(self) -> dict[str, Any]:
        return dict(self.workload["spec"]["template"]["spec"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.workload["spec"]["template"]["metadata"]["labels"])

    @property
    def own(self) -> dict[str, str]:
        """Variables that the container sets itself."""
        return {one["name"]: one["value"] for one in self.container.get("env", ())}

    @property
    def settings(self) -> Settings:
        """What its process would run with."""
        variables: dict[str, str] = {}
        for source in self.container.get("envFrom", ()):
            if "configMapRef" in source:
                variables |= literals(BASE) | literals(LLM)
            else:
                variables |= SECRETS[source["secretRef"]["name"]]
        variables |= {"CHERRYREC_SECURITY_PROTOCOL": "SASL_SSL"} if variables else {}
        variables |= {"CHERRYREC_SECURITY_USERNAME": "cherryrec"} if variables else {}
        return load_settings(None, variables | self.own)


def literals(folder: Path) -> dict[str, str]:
    (generated,) = kustomization(folder)["configMapGenerator"]
    return dict(one.split("=", 1) for one in generated["literals"])


def parts(kind: str = "containers") -> Iterator[Part]:
    for workload in ALL:
        if workload["kind"] in WORKLOADS:
            for container in workload["spec"]["template"]["spec"].get(kind, ()):
                yield Part(workload, container)


PARTS = {part.name: part for kind in ("initContainers", "containers") for part in parts(kind)}
SERVING = {name: part for name, part in PARTS.items() if "ports" in part.container}

by_part = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
by_server = pytest.mark.parametrize("part", SERVING.values(), ids=SERVING.keys())


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_is_valid_to_the_letter(version: str) -> None:
    for one in ALL:
        kubernetes_validate.validate(one, version, strict=True)


def test_a_field_that_does_not_exist_is_found() -> None:
    (one, *_) = ALL

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(one | {"replicsa": 2}, VERSIONS[-1], strict=True)


def test_there_are_the_parts_that_the_system_has() -> None:
    assert set(PARTS) == {
        "cherryrec-topics/topics",
        "cherryrec-stream/stream",
        "cherryrec-learner/learner",
        "cherryrec-gateway/gateway",
        "cherryrec-gpu/gpu",
        "cherryrec-gpu/model",
    }
    assert set(SERVING) == set(PARTS) - {"cherryrec-topics/topics", "cherryrec-gpu/model"}


@by_part
def test_what_is_run_is_a_command(part: Part) -> None:
    arguments = " ".join(part.container["args"])
    lines = arguments.split(" && ") if "command" in part.container else [f"cherryrec {arguments}"]

    for line in lines:
        program, *words = line.split()
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        options = {option for one in command.params for option in one.opts}
        assert program == "cherryrec"
        assert {word for word in words if word.startswith("--")} <= options


@by_part
def test_every_variable_is_a_setting(part: Part) -> None:
    part.settings  # noqa: B018 - a name that is no setting is an error

    assert {name for name in part.own if not name.startswith(ENV_PREFIX)} <= {
        "HF_HOME",
        "NUMBA_CACHE_DIR",
    }


def test_the_example_s_variables_are_settings() -> None:
    settings = load_settings(None, literals(EXAMPLE) | SECRETS["cherryrec-kafka"])

    assert settings.kafka.security.protocol == "SASL_SSL"


def port_and_host_of(part: Part) -> tuple[int, str, float]:
    settings = part.settings
    name = part.container["name"]
    if name == "gateway":
        return settings.gateway.port, settings.gateway.host, settings.gateway.stop_s
    one = {"stream": settings.stream, "learner": settings.learner, "gpu": settings.gpu}[name]
    return one.http_port, one.http_host, one.stop_s


@by_server
def test_probes_and_metrics_are_asked_for_where_they_are(part: Part) -> None:
    port, host, stop_s = port_and_host_of(part)
    annotations = part.workload["spec"]["template"]["metadata"]["annotations"]
    asked = {part.container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness")}

    assert part.container["ports"] == [{"name": "http", "containerPort": port}]
    assert host == "0.0.0.0"
    assert asked == {"/live"}
    assert part.container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "http"}
    assert annotations["prometheus.io/port"] == str(port)
    assert {*asked, "/ready", annotations["prometheus.io/path"]} == PROBES
    assert part.pod["terminationGracePeriodSeconds"] > stop_s


@by_server
def test_a_first_start_has_time_to_compile(part: Part) -> None:
    probe = part.container["startupProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] >= 120


@by_part
def test_nothing_runs_as_root_or_writes_outside_its_volumes(part: Part) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (uid,) = re.findall(r"useradd --uid (\d+)", dockerfile)
    mounted = [Path(one["mountPath"]) for one in part.container["volumeMounts"]]
    written = [Path(value) for value in part.own.values() if value.startswith("/")]

    assert part.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert part.pod["securityContext"]["runAsNonRoot"] is True
    assert part.pod["securityContext"]["runAsUser"] == int(uid)
    assert part.pod["automountServiceAccountToken"] is False
    assert part.pod["enableServiceLinks"] is False
    assert "NUMBA_CACHE_DIR" in part.own
    for path in (*written, Path("/tmp")):
        assert any(path.is_relative_to(one) for one in mounted), path
    assert part.container["resources"].keys() == {"requests", "limits"}


def test_only_the_gateway_sees_its_keys() -> None:
    for name, part in PARTS.items():
        secrets = {
            source["secretRef"]["name"]: source["secretRef"].get("optional", False)
            for source in part.container.get("envFrom", ())
            if "secretRef" in source
        }
        assert ("cherryrec-gateway-keys" in secrets) == (name == "cherryrec-gateway/gateway")
        assert secrets.get("cherryrec-gateway-keys", False) is False, "it must be there"


def test_selectors_find_their_pods() -> None:
    labels = [part.labels for part in PARTS.values()]
    for one in ALL:
        spec = one["spec"]
        if one["kind"] == "Service":
            wanted = spec["selector"]
            assert {port["targetPort"] for port in spec["ports"]} == {"http"}
        elif one["kind"] in {"StatefulSet", "Deployment", "PodDisruptionBudget"}:
            wanted = spec["selector"]["matchLabels"]
        else:
            continue
        assert any(wanted.items() <= found.items() for found in labels), one["metadata"]


def test_what_is_scaled_survives_a_drained_node() -> None:
    budgets = {
        one["metadata"]["name"]: one["spec"] for one in ALL if one["kind"] == "PodDisruptionBudget"
    }
    replicas = {
        one["metadata"]["name"]: one["spec"]["replicas"] for one in ALL if "replicas" in one["spec"]
    }

    assert budgets.keys() == {"cherryrec-stream", "cherryrec-gateway"}
    for name, budget in budgets.items():
        assert budget["maxUnavailable"] < replicas[name]
    learner = PARTS["cherryrec-learner/learner"].workload
    assert replicas["cherryrec-learner"] == 1
    assert learner["spec"].get("strategy") == {"type": "Recreate"}


@pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=lambda folder: folder.name)
def test_the_gateway_asks_every_worker_by_its_service(folder: Path) -> None:
    services = {
        one["metadata"]["name"]: one["spec"]["ports"][0]["port"]
        for one in ALL
        if one["kind"] == "Service"
    }
    (gateway, *_) = documents(folder / "gateway.yaml")
    (container,) = gateway["spec"]["template"]["spec"]["containers"]
    value = next(e["value"] for e in container["env"] if e["name"] == "CHERRYREC_GATEWAY_PARTS")
    asked = load_settings(None, {"CHERRYREC_GATEWAY_PARTS": value}).gateway.parts
    (stream,) = (one for one in ALL if one["kind"] == "StatefulSet")
    counts = {one["name"]: one["count"] for one in kustomization(folder).get("replicas", ())}
    n_stream = counts.get("cherryrec-stream", stream["spec"]["replicas"])

    wanted = [
        f"stream-{k}=http://cherryrec-stream-{k}.{stream['spec']['serviceName']}"
        f":{services['cherryrec-stream']}"
        for k in range(n_stream)
    ]
    wanted.append(f"learner=http://cherryrec-learner:{services['cherryrec-learner']}")
    assert list(asked) == wanted


def test_kustomizations_list_the_files_there_are() -> None:
    for folder in (BASE, LLM, EXAMPLE):
        found = kustomization(folder)
        patches = {one["path"] for one in found.get("patches", ())}
        listed = {*found["resources"], *patches, *found.get("components", ())}
        files = {path.name for path in folder.glob("*.yaml")} - {KUSTOMIZATION}
        assert files == {name for name in listed if name.endswith(".yaml")}
        assert all((folder / name).exists() for name in listed)
        for name in patches:
            for patch in documents(folder / name):
                assert any(
                    (one["kind"], one["metadata"]["name"])
                    == (patch["kind"], patch["metadata"]["name"])
                    for one in resources(BASE, LLM)
                ), name


def test_images_are_of_this_version_and_the_example_names_them_all() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = {part.container["image"] for part in PARTS.values()}

    assert images == {f"cherryrec-core:{version}", f"cherryrec-llm:{version}"}
    renamed = {one["name"]: one["newTag"] for one in kustomization(EXAMPLE)["images"]}
    assert renamed == {
        "cherryrec-core": f"core-{version}",
        "cherryrec-llm": f"llm-{version}",
    }


def test_the_page_says_what_must_be_made_by_hand() -> None:
    for secret, keys in SECRETS.items():
        assert secret in PAGE
        assert all(key in PAGE for key in keys)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl here")
@pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=lambda folder: folder.name)
def test_what_kustomize_makes_of_them_is_valid(folder: Path) -> None:
    made = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True
    ).stdout

    found = list(yaml.safe_load_all(made))
    for one in found:
        kubernetes_validate.validate(one, VERSIONS[-1], strict=True)
    (settings,) = (one for one in found if one["kind"] == "ConfigMap")
    named = re.findall(r"name: (cherryrec-settings\S*)", made)
    assert set(named) == {settings["metadata"]["name"]}
