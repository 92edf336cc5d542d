"""A checkpoint that cannot be used is refused in words that say what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cherryrec.errors import ConfigError, ModelError
from tests.gpu_worker.tiny_qwen import load, write_tokenizer


def test_a_tokenizer_without_letters_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "no-letters"
    shutil.copytree(checkpoint, folder)
    write_tokenizer(folder, ["storm"])

    with pytest.raises(ModelError, match="single token for each of ' A' to ' T'"):
        load(folder)


def test_a_model_that_is_nowhere_is_one_line_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    with pytest.raises(ModelError) as refused:
        load(Path("nobody/no-such-model"))

    assert "hf download nobody/no-such-model" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_small_model_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cherryrec model fetch"):
        load(Path("small"), model_cache_dir=str(tmp_path))


def test_a_broken_checkpoint_names_its_folder(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(checkpoint, folder)
    (folder / "model.safetensors").write_bytes(b"no weights")

    with pytest.raises(ModelError, match=r"cannot load the model in .*broken"):
        load(folder)


def test_a_gpu_that_is_not_there_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ConfigError, match="'cuda:99' is not there"):
        load(checkpoint, device="cuda:99")
