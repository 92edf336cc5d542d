"""The transformers backend on a random Qwen2 of two layers, against a plain forward pass."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from cherryrec.cnle import ANSWER_CUE, LETTERS, Prompt, render
from cherryrec.errors import ConfigError, ModelError
from cherryrec.events import EvaluationRequest
from gpu_worker.backends import LetterScores, load_backend
from gpu_worker.backends.causal_lm import CausalLM
from gpu_worker.config import GpuConfig
from gpu_worker.in_process import LocalEvaluator

Ask = Callable[..., EvaluationRequest]

pytestmark = [
    # peft 0.21 reads a property that transformers 5.23 has renamed.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    # bitsandbytes' import of torch.jit.
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning"),
]


def write_tokenizer(folder: Path, lines: list[str]) -> int:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )
    wrapped.save_pretrained(folder)
    return len(wrapped)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "tiny-qwen2"
    words = ["storm", "tax", "football", "plan", "coast", "market"]
    n_tokens = write_tokenizer(
        folder, [f"{ANSWER_CUE} {letter}" for letter in LETTERS] * 50 + words * 5
    )
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=n_tokens,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4_096,
        initializer_range=0.3,
    )
    model = Qwen2ForCausalLM(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    return folder


def load(checkpoint: Path, **settings: object) -> CausalLM:
    defaults = {"model": str(checkpoint), "device": "cpu", "dtype": "float32"}
    backend = load_backend(GpuConfig(**(defaults | settings)))  # type: ignore[arg-type]
    assert isinstance(backend, CausalLM)
    return backend


def reference(checkpoint: Path, prompt: Prompt) -> np.ndarray:
    """The letters' logits of the whole prompt in one forward pass, nothing else."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    ids = tokenizer(prompt.text, return_tensors="pt").input_ids
    with torch.inference_mode():
        logits = model(ids).logits[0, -1]
    letters = [tokenizer(f"{ANSWER_CUE} {letter}").input_ids[-1] for letter in LETTERS]
    return np.asarray(logits[letters][: prompt.n_letters].double().numpy())


def logits_of(backend: CausalLM, prompts: list[Prompt]) -> list[np.ndarray]:
    verdicts = backend.evaluate(prompts)
    assert all(isinstance(one, LetterScores) for one in verdicts), verdicts
    return [one.logits for one in verdicts if isinstance(one, LetterScores)]


@pytest.fixture(scope="module")
def prompts(ask: Ask) -> list[Prompt]:
    return [render(ask(number, n=3 + 4 * number))[0] for number in range(5)]


def test_one_prompt_scores_as_in_a_plain_forward_pass(
    checkpoint: Path, prompts: list[Prompt]
) -> None:
    backend = load(checkpoint)

    for prompt in prompts:
        (logits,) = logits_of(backend, [prompt])
        assert np.allclose(logits, reference(checkpoint, prompt), atol=1e-4)
        assert np.ptp(logits) > 0.1


def test_a_padded_batch_scores_as_each_prompt_alone(
    checkpoint: Path, prompts: list[Prompt]
) -> None:
    backend = load(checkpoint)

    together = logits_of(backend, prompts)

    assert len({len(prompt.text) for prompt in prompts}) > 1
    for prompt, logits in zip(prompts, together, strict=True):
        assert np.allclose(logits, reference(checkpoint, prompt), atol=1e-4)


def test_a_known_prefix_changes_nothing(checkpoint: Path, ask: Ask) -> None:
    backend, forgetful = load(checkpoint), load(checkpoint, prefix_cache_bytes=0)
    groups = list(render(ask(3, n=60)))

    for prompt in groups + groups:
        (logits,) = logits_of(backend, [prompt])
        (fresh,) = logits_of(forgetful, [prompt])
        assert (logits == fresh).all()
    assert backend.prefixes.n_hits == 2 * len(groups) - 1
    assert forgetful.prefixes.n_hits == 0


def test_prefixes_are_bounded_in_bytes(checkpoint: Path, ask: Ask) -> None:
    bound = 300_000
    backend = load(checkpoint, prefix_cache_bytes=bound)

    for number in range(12):
        logits_of(backend, [render(ask(number))[0]])
        assert 0 < backend.prefixes.n_bytes <= bound

    assert 0 < len(backend.prefixes) < 12


def test_a_prompt_too_long_for_the_model_is_its_own_error(
    checkpoint: Path, prompts: list[Prompt]
) -> None:
    long = Prompt(template_id="behaviour/1", prefix="x " * 5_000, suffix="y", order=(0,))

    verdicts = load(checkpoint).evaluate([prompts[0], long, prompts[1]])

    assert [isinstance(one, LetterScores) for one in verdicts] == [True, False, True]
    assert "at most 4096 tokens" in str(verdicts[1])


def test_out_of_memory_halves_the_batch(
    checkpoint: Path, prompts: list[Prompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = load(checkpoint)
    wanted = logits_of(backend, prompts)
    padded = CausalLM._padded

    def scarce(self: CausalLM, rows: list[tuple[int, ...]]) -> torch.Tensor:
        if len(rows) > 2:
            raise torch.OutOfMemoryError
        return padded(self, rows)

    monkeypatch.setattr(CausalLM, "_padded", scarce)

    for logits, whole in zip(logits_of(backend, prompts), wanted, strict=True):
        assert np.allclose(logits, whole, atol=1e-4)


def test_titles_are_cut_to_tokens_and_control_tokens_stay_text(checkpoint: Path) -> None:
    backend = load(checkpoint, title_tokens=8)
    end = AutoTokenizer.from_pretrained(checkpoint).eos_token_id

    assert backend.cut("storm") == "storm"
    cut = backend.cut("storm " * 50)
    assert cut.split() == ["storm"] * len(cut.split())
    assert 1 <= len(cut.split()) <= 8
    assert "\ufffd" not in backend.cut("\u65b0\u805e" * 20)
    prompt = Prompt(template_id="behaviour/1", prefix="<|endoftext|>", suffix="y", order=(0,))
    assert end not in backend._tokens.prefix_ids(prompt.prefix)


def test_lora_weights_change_scores_and_version(
    checkpoint: Path, prompts: list[Prompt], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    tuned = get_peft_model(
        model, LoraConfig(r=8, lora_alpha=32, target_modules=["q_proj", "v_proj"])
    )
    for name, weights in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.2)
    tuned.save_pretrained(str(tmp_path))

    plain, with_lora = load(checkpoint), load(checkpoint, lora_path=str(tmp_path))

    assert plain.version != with_lora.version
    (before,), (after,) = logits_of(plain, prompts[:1]), logits_of(with_lora, prompts[:1])
    assert not np.allclose(before, after, atol=1e-2)
    with torch.inference_mode():
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        ids = tokenizer(prompts[0].text, return_tensors="pt").input_ids
        whole = tuned.eval()(ids).logits[0, -1].double().numpy()
    letters = [tokenizer(f"{ANSWER_CUE} {letter}").input_ids[-1] for letter in LETTERS]
    assert np.allclose(after, whole[letters][: len(after)], atol=1e-3)


def test_nf4_with_lora_scores_as_weights_rounded_to_nf4(
    checkpoint: Path, prompts: list[Prompt], tmp_path: Path
) -> None:
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    get_peft_model(model, LoraConfig(r=8, target_modules=["q_proj", "v_proj"])).save_pretrained(
        str(tmp_path / "lora")
    )
    rounded = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    for layer in rounded.model.modules():
        if isinstance(layer, torch.nn.Linear):
            packed, state = quantize_4bit(layer.weight.data, quant_type="nf4")
            layer.weight.data = dequantize_4bit(packed, state)
    rounded.save_pretrained(tmp_path / "rounded")
    AutoTokenizer.from_pretrained(checkpoint).save_pretrained(tmp_path / "rounded")

    backend = load(checkpoint, quantisation="nf4", lora_path=str(tmp_path / "lora"))

    assert "/nf4-float32+lora:" in backend.version
    for prompt in prompts[1:]:
        (logits,) = logits_of(backend, [prompt])
        wanted = reference(tmp_path / "rounded", prompt)
        assert np.corrcoef(logits, wanted)[0, 1] > 0.95
        assert not np.allclose(logits, reference(checkpoint, prompt), atol=1e-2)


def test_the_same_requests_get_the_same_evaluations(checkpoint: Path, ask: Ask) -> None:
    requests = [ask(number, n=20) for number in range(3)]

    once, again = (LocalEvaluator(load(checkpoint)).evaluate_many(requests) for _ in range(2))

    assert once == again
    assert all(one.error is None and len(one.evaluations) == 20 for one in once)


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


def test_lora_weights_that_do_not_fit_are_named(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"adapter_config\.json"):
        load(checkpoint, lora_path=str(tmp_path))
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    with pytest.raises(ModelError, match="cannot put the LoRA weights"):
        load(checkpoint, lora_path=str(tmp_path))


def test_a_gpu_that_is_not_there_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ConfigError, match="'cuda:99' is not there"):
        load(checkpoint, device="cuda:99")
