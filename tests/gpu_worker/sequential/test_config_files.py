"""Settings of networks as TOML: written and read again, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.errors import ConfigError

pytest.importorskip("torch")

from gpu_worker.sequential import NetworkConfig, configs_text, load_configs


def test_what_is_written_is_read(tmp_path: Path) -> None:
    configs = {
        "narm": NetworkConfig(dropout=0.5, weight_decay=1e-5, n_targets=10),
        "sasrec": NetworkConfig(max_length=200),
    }
    file = tmp_path / "networks.toml"

    file.write_text(configs_text(configs))

    assert load_configs(file) == configs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sasrec\n", "must be a TOML file"),
        ("[sas]\n", "must have tables of gru4rec, narm, sasrec, bert4rec, got 'sas'"),
        ("sasrec = 1\n", "got 'sasrec'"),
        ("[sasrec]\ndrop = 1\n", "got 'drop'"),
        ('[sasrec]\ndropout = "much"\n', "Expected `float`, got `str`"),
        ("[sasrec]\ndropout = 2.0\n", r"dropout must be in \[0, 1\), got 2.0"),
    ],
)
def test_what_cannot_be_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "networks.toml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=said):
        load_configs(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be a TOML file"):
        load_configs(tmp_path / "none.toml")
