"""`cherryrec serve`, and the keys of its settings."""

from __future__ import annotations

import pytest

from streams.gateway.config import GatewayConfig
from tests.commands import Run

KEY = "k" * 16


def test_keys_are_shown_nowhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHERRYREC_GATEWAY_READ_KEYS", f'["{KEY}"]')
    shown = run("config", "show")
    monkeypatch.setenv("CHERRYREC_GATEWAY_SEND_KEYS", KEY)
    wrong = run("config", "check")

    assert '"read_keys": [\n      "key-' in shown.out
    assert wrong.code == 2
    assert "CHERRYREC_GATEWAY_SEND_KEYS: Expected `array`, got `str`" in wrong.err
    for text in (shown.out, shown.err, wrong.err, repr(GatewayConfig(read_keys=(KEY,)))):
        assert KEY not in text


def test_an_open_gateway_is_refused_before_it_listens(run: Run) -> None:
    ended = run("serve", "--host", "0.0.0.0")

    assert ended.code == 2
    assert "host must be a loopback address without keys, got '0.0.0.0'" in ended.err
