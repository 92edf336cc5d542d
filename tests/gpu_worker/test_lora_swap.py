"""Weights change places under a model that goes on serving, and the old ones come back exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from cherryrec.cnle import Prompt
from cherryrec.errors import ModelError
from gpu_worker.backends import Tunable
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.lora import LoraWeights, read_lora
from tests.gpu_worker.tiny_lora import rewrite_config, write_lora
from tests.gpu_worker.tiny_qwen import load, logits_of

pytestmark = [
    # peft 0.21 reads a property that transformers 5.23 has renamed.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    # bitsandbytes' import of torch.jit.
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning"),
]

CACHE_BYTES = 16 << 20


@pytest.fixture(scope="module")
def folders(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two sets of weights that tune other layers of the model."""
    root = tmp_path_factory.mktemp("lora")
    write_lora(root / "one", checkpoint, seed=1)
    write_lora(root / "two", checkpoint, seed=2, targets=("q_proj", "up_proj"))
    return root / "one", root / "two"


def bytes_of(backend: CausalLM, prompts: list[Prompt]) -> list[bytes]:
    return [one.tobytes() for one in logits_of(backend, prompts)]


@pytest.mark.parametrize("quantisation", ["none", "nf4"])
def test_a_swap_changes_scores_and_version_and_back_they_are_equal_to_the_byte(
    checkpoint: Path, folders: tuple[Path, Path], prompts: list[Prompt], quantisation: str
) -> None:
    backend = load(checkpoint, quantisation=quantisation, prefix_cache_bytes=CACHE_BYTES)
    one, two = (read_lora(folder) for folder in folders)
    steps: list[LoraWeights | None] = [None, one, two, one, None, two]

    seen = []
    for weights in steps:
        backend.take_lora(weights)
        alone = [bytes_of(backend, [prompt]) for prompt in prompts]
        seen.append((backend.version, alone, bytes_of(backend, prompts)))

    assert isinstance(backend, Tunable)
    assert seen[0] == seen[4]
    assert seen[1] == seen[3]
    assert seen[2] == seen[5]
    assert len({version for version, _, _ in seen}) == 3
    assert seen[1][0].endswith(f"+lora:{one.fingerprint}")
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert all(a != b for a, b in zip(seen[first][1], seen[second][1], strict=True))


def test_weights_swapped_in_score_as_those_of_the_settings(
    checkpoint: Path, folders: tuple[Path, Path], prompts: list[Prompt]
) -> None:
    from_settings = load(checkpoint, lora_path=str(folders[0]))
    swapped = load(checkpoint, lora_path=str(folders[1]))

    swapped.take_lora(read_lora(folders[0]))

    assert swapped.version == from_settings.version
    assert bytes_of(swapped, prompts) == bytes_of(from_settings, prompts)


def test_prefixes_of_the_old_weights_are_forgotten(
    checkpoint: Path, folders: tuple[Path, Path], prompts: list[Prompt]
) -> None:
    cached = load(checkpoint, prefix_cache_bytes=CACHE_BYTES)
    plain = load(checkpoint, lora_path=str(folders[0]))
    logits_of(cached, prompts[:1])

    cached.take_lora(read_lora(folders[0]))

    assert bytes_of(cached, prompts[:1]) == bytes_of(plain, prompts[:1])


def bad_tensors(folder: Path) -> LoraWeights:
    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    name = min(tensors)
    save_file(tensors | {name: tensors[name] * float("nan")}, file)
    return read_lora(folder)


def lost_tensor(folder: Path) -> LoraWeights:
    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    del tensors[min(tensors)]
    save_file(tensors, file)
    return read_lora(folder)


def other_shapes(folder: Path) -> LoraWeights:
    return rewrite_config(folder, r=8)


def other_base(folder: Path) -> LoraWeights:
    return rewrite_config(folder, base_model_name_or_path="mistral/Mistral-7B")


def other_layers(folder: Path) -> LoraWeights:
    return rewrite_config(folder, target_modules=["no_such_layer"])


def changed_since(folder: Path) -> LoraWeights:
    return replace(read_lora(folder), fingerprint="0" * 12)


@pytest.fixture(params=["none", "nf4"])
def load_again(checkpoint: Path, request: pytest.FixtureRequest) -> Callable[..., CausalLM]:
    return partial(load, checkpoint, quantisation=request.param)


@pytest.fixture
def spoiled(checkpoint: Path, tmp_path: Path) -> Path:
    """Weights to spoil."""
    write_lora(tmp_path, checkpoint, seed=3)
    return tmp_path


@pytest.mark.filterwarnings("ignore:Found missing adapter keys:UserWarning")
@pytest.mark.parametrize(
    "case",
    [
        (bad_tensors, "NaN|finite"),
        (lost_tensor, "its tensors and its settings differ in"),
        (other_shapes, "size mismatch|cannot put the LoRA weights"),
        (other_base, "must have tuned 'tiny-qwen2', got 'Mistral-7B'"),
        (other_layers, "cannot put the LoRA weights in .* on this model: .*no_such_layer"),
        (changed_since, "must have fingerprint '000000000000' as they were published"),
    ],
)
def test_bad_weights_leave_the_old_ones_in_place(
    load_again: Callable[..., CausalLM],
    prompts: list[Prompt],
    folders: tuple[Path, Path],
    spoiled: Path,
    case: tuple[Callable[[Path], LoraWeights], str],
) -> None:
    spoil, said = case
    backend = load_again(lora_path=str(folders[0]))
    version, before = backend.version, bytes_of(backend, prompts[:2])
    bad = spoil(spoiled)

    with pytest.raises(ModelError, match=said):
        backend.take_lora(bad)

    assert backend.version == version
    assert bytes_of(backend, prompts[:2]) == before
    backend.take_lora(read_lora(folders[1]))
    backend.take_lora(None)
    assert bytes_of(backend, prompts[:2]) == bytes_of(load_again(), prompts[:2])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"modules_to_save": ["lm_head"]}, "must tune layers only, got modules_to_save"),
        ({"bias": "all"}, "must tune layers only, got bias"),
        ({"peft_type": "IA3"}, "must say peft_type 'LORA', got 'IA3'"),
    ],
)
def test_what_would_change_the_base_model_is_refused(
    checkpoint: Path, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    write_lora(tmp_path, checkpoint, seed=1)

    with pytest.raises(ModelError, match=said):
        rewrite_config(tmp_path, **change)


def test_nothing_is_left_of_weights_that_were_taken_off(
    checkpoint: Path, folders: tuple[Path, Path]
) -> None:
    backend = load(checkpoint)
    names = [name for name, _ in backend._model.named_modules()]
    parameters = {name: one.data_ptr() for name, one in backend._model.named_parameters()}

    backend.take_lora(read_lora(folders[0]))
    merged = {name: one.data_ptr() for name, one in backend._model.named_parameters()}
    backend.take_lora(None)

    assert [name for name, _ in backend._model.named_modules()] == names
    assert {name: one.data_ptr() for name, one in backend._model.named_parameters()} == parameters
    assert sum(merged[name] != parameters[name] for name in parameters) >= 4
    assert not hasattr(backend._model, "peft_config")
    assert np.isfinite([one.sum().item() for one in backend._model.parameters()]).all()
