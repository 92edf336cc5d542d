from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest

from cherryrec.errors import ConfigError
from streams.engine import EngineSettings, Security, create_faust_app
from streams.engine.drain import DirectConsumer
from streams.engine.producer import CheckedProducer


def test_building_an_app_makes_no_file_and_no_connection(settings: EngineSettings) -> None:
    create_faust_app(settings)

    assert not settings.data_dir.exists()


def test_app_has_the_engines_consumer_and_producer_and_no_other_app_does(app: Any) -> None:
    plain = faust.App("plain", broker="kafka://127.0.0.1:1")

    assert app.transport.Consumer is DirectConsumer
    assert app.transport.Producer is CheckedProducer
    assert plain.transport.Consumer is not DirectConsumer


def test_app_serves_no_tables_and_elects_no_leader(app: Any) -> None:
    assert not app.conf.web_enabled
    assert not app.conf.web_tables_enabled
    assert app.conf.topic_disable_leader
    assert app.conf.autodiscover is False


async def test_tables_start_without_waiting_for_more_of_them(app: Any) -> None:
    steps: list[str] = []

    async def note(step: str) -> None:
        steps.append(step)

    app.tables.sleep = lambda _: note("sleep")
    app.tables._update_channels = lambda: note("channels")
    app.tables._recovery = SimpleNamespace(start=lambda: note("recovery"))

    await app.tables.on_start()

    assert steps == ["channels", "recovery"]


def test_app_makes_no_topic(app: Any) -> None:
    assert not app.conf.topic_allow_declare


def test_rebalance_waits_for_the_batch_in_hand(app: Any) -> None:
    assert app.conf.stream_wait_empty
    assert app.conf.agent_supervisor.__name__ == "CrashingSupervisor"


def test_several_bootstrap_servers_are_all_used(settings: EngineSettings) -> None:
    several = EngineSettings(
        group="g", bootstrap_servers="a:1,b:2", data_dir=settings.data_dir, partitions=1
    )

    assert [url.host for url in create_faust_app(several).conf.broker] == ["a", "b"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"partitions": 0}, "partitions must be at least 1, got 0"),
        ({"bootstrap_servers": " "}, "bootstrap_servers must name"),
        ({"session_timeout_s": 0.5}, "session_timeout_s must be at least 1, got 0.5"),
    ],
)
def test_settings_no_worker_can_run_with_are_refused(changed: dict[str, Any], message: str) -> None:
    wanted = {"group": "g", "bootstrap_servers": "a:1", "data_dir": Path("d"), "partitions": 1}

    with pytest.raises(ConfigError, match=message):
        EngineSettings(**(wanted | changed))


def test_security_reaches_producer_and_consumer_settings(settings: EngineSettings) -> None:
    security = Security(
        protocol="SASL_PLAINTEXT", mechanism="SCRAM-SHA-256", username="u", password="secret"
    )
    secured = EngineSettings(
        group="g",
        bootstrap_servers="a:1",
        data_dir=settings.data_dir,
        partitions=1,
        security=security,
    )

    app: Any = create_faust_app(secured)
    auth = app.producer._settings_auth()

    assert auth["security_protocol"] == "SASL_PLAINTEXT"
    assert auth["sasl_mechanism"] == "SCRAM-SHA-256"
    assert auth["sasl_plain_username"] == "u"
    assert "secret" not in repr(security)


def test_sasl_without_password_is_refused() -> None:
    with pytest.raises(ConfigError, match="username and password"):
        Security(protocol="SASL_SSL", username="u")


def test_missing_certificate_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.pem"):
        Security(protocol="SSL", ca_file=str(tmp_path / "missing.pem")).credentials()
