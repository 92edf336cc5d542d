"""A server with the wire format of vLLM or SGLang and a scripted model, on loopback.

Its tokenizer: every word with the space before it, and every other character, is a token, unless it
is given a real one; the letters score by `utility` of their candidate's title, so that answers are
known.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zlib import crc32

WORD = re.compile(r" ?\w+|\W", re.UNICODE)
CANDIDATE = re.compile(r'^([A-T]): "(.*)"', re.MULTILINE)
START = 1
TEXTS: dict[int, str] = {}
"""Token → text, of all servers: they have one tokenizer."""

Reply = tuple[int, Mapping[str, str], bytes]


def words_in_common(title: str, prefix: str) -> float:
    """Log-probability of a letter: minus the words of its title that are new to the reader."""
    known = set(prefix.lower().split())
    return -float(sum(word not in known for word in title.lower().split())) - 0.125


@dataclass
class WireServer:
    """What a test sets, and what was asked."""

    api: str = "vllm"
    model: str = "Qwen/Qwen2-7B"
    key: str = ""
    knows_token_ids: bool = True
    splits_letters: bool = False
    delay_s: float = 0.0
    omitted: str = ""
    max_tokens: int = 4_096
    tokenizer: Any = None
    utility: Callable[[str, str], float] = words_in_common
    loras: dict[str, str] = field(default_factory=dict)
    bonus: dict[str, float] = field(default_factory=dict)
    faults: deque[Callable[[], Reply | None]] = field(default_factory=deque)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    n_connections: int = 0
    most_at_once: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._n_now = 0

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """What was posted to a path."""
        return [body for asked, body in self.asked if asked == path]

    def answer(self, path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Reply | None:
        """Reply to one request; None drops the connection."""
        with self._lock:
            self.asked.append((path, body))
            self._n_now += 1
            self.most_at_once = max(self.most_at_once, self._n_now)
            is_scored = path in {"/v1/completions", "/generate"}
            fault = self.faults.popleft() if is_scored and self.faults else None
        try:
            if self.key and headers.get("Authorization") != f"Bearer {self.key}":
                return error(401, "Unauthorized")
            time.sleep(self.delay_s if is_scored else 0.0)
            return fault() if fault else self._routed(path, body)
        finally:
            with self._lock:
                self._n_now -= 1

    def encode(self, text: str) -> list[int]:
        """Tokens of a text."""
        if self.tokenizer is not None:
            return list(self.tokenizer.encode(text, add_special_tokens=False).ids)
        with self._lock:
            words = WORD.findall(text)
            if self.splits_letters:
                words = [part for word in words for part in ([*word] if len(word) == 2 else [word])]
            ids = [2 + crc32(word.encode()) for word in words]
            TEXTS.update(zip(ids, words, strict=True))
            return ids

    def decode(self, ids: list[int]) -> str:
        if self.tokenizer is not None:
            return str(self.tokenizer.decode(ids))
        return "".join(TEXTS.get(one, "") for one in ids)

    def is_too_long(self, text: str) -> bool:
        return len(self.encode(text)) > self.max_tokens

    def _routed(self, path: str, body: dict[str, Any]) -> Reply:
        routes = {
            "/v1/models": self._models,
            "/version": lambda body: good({"version": "0.30.0"}),
            "/tokenize": self._tokenize,
            "/detokenize": self._detokenize,
            "/v1/completions": self._completion,
            "/generate": self._generation,
            "/v1/load_lora_adapter": self._load,
            "/load_lora_adapter": self._load,
            "/v1/unload_lora_adapter": self._unload,
            "/unload_lora_adapter": self._unload,
        }
        return routes[path](body) if path in routes else error(404, "Not Found")

    def _models(self, body: dict[str, Any]) -> Reply:
        cards = [{"id": self.model, "owned_by": self.api, "root": self.model, "parent": None}]
        cards += [{"id": name, "owned_by": self.api, "parent": self.model} for name in self.loras]
        return good({"object": "list", "data": cards})

    def _tokenize(self, body: dict[str, Any]) -> Reply:
        ids = ([START] if body.get("add_special_tokens", True) else []) + self.encode(
            body["prompt"]
        )
        return good({"tokens": ids, "count": len(ids), "max_model_len": self.max_tokens})

    def _detokenize(self, body: dict[str, Any]) -> Reply:
        name = "prompt" if self.api == "vllm" else "text"
        return good({name: self.decode(body["tokens"])})

    def _completion(self, body: dict[str, Any]) -> Reply:
        if body["model"] not in {self.model, *self.loras}:
            return error(404, f"The model `{body['model']}` does not exist.")
        text = self._text(body["prompt"])
        if self.is_too_long(text):
            return error(400, f"This model's maximum context length is {self.max_tokens} tokens.")
        wanted = body.get("logprob_token_ids", []) if self.knows_token_ids else []
        found = self._logprobs(text, wanted or self.encode(" the of a"), body["model"])
        top = {f"token_id:{one}": logprob for one, logprob in found.items()}
        logprobs = {"tokens": list(top)[:1], "token_logprobs": [0.0], "top_logprobs": [top]}
        usage = {"prompt_tokens": len(self.encode(text)), "completion_tokens": 1}
        choice = {"index": 0, "text": " A", "logprobs": logprobs, "finish_reason": "length"}
        return good({"id": "cmpl-1", "model": body["model"], "choices": [choice], "usage": usage})

    def _generation(self, body: dict[str, Any]) -> Reply:
        lora = body.get("lora_path", "")
        if lora and lora not in self.loras:
            return error(400, f"The following requested LoRA adapters are not loaded: {lora}")
        text = self._text(body.get("input_ids") or body.get("text") or "")
        if self.is_too_long(text):
            return error(400, f"The input is longer than {self.max_tokens} tokens.")
        found = self._logprobs(text, body["token_ids_logprob"], lora)
        entries = [[logprob, one, None] for one, logprob in found.items()]
        meta = {"prompt_tokens": len(self.encode(text)), "output_token_ids_logprobs": [entries]}
        return good({"text": " A", "meta_info": meta})

    def _load(self, body: dict[str, Any]) -> Reply:
        name, path = body["lora_name"], body["lora_path"]
        if name in self.loras:
            return error(400, f"The lora adapter '{name}' has already been loaded.")
        if "missing" in path:
            return error(404, f"No adapter found for {path}")
        self.loras[name] = path
        return good({"success": True}) if self.api == "sglang" else (200, {}, b"Success: added.")

    def _unload(self, body: dict[str, Any]) -> Reply:
        if self.loras.pop(body["lora_name"], None) is None:
            return error(404, f"The lora adapter '{body['lora_name']}' cannot be found.")
        return good({"success": True})

    def _text(self, prompt: str | list[int]) -> str:
        return prompt if isinstance(prompt, str) else self.decode(prompt)

    def _logprobs(self, text: str, wanted: list[int], model: str) -> dict[int, float]:
        """Log-probabilities of tokens after a text; -9999 stands for minus infinity."""
        prefix = text.partition("Candidates:")[0]
        scores = {
            self.encode(f" {letter}")[0]: self.utility(title, prefix)
            + self.bonus.get(model, 0.0) * len(title)
            for letter, title in CANDIDATE.findall(text)
            if letter not in self.omitted
        }
        return {one: scores[one] for one in wanted if one in scores} or {wanted[0]: -9999.0}


def good(body: dict[str, Any]) -> Reply:
    return 200, {}, json.dumps(body).encode()


def error(status: int, message: str, **headers: str) -> Reply:
    body = json.dumps({"error": {"message": message, "code": status}}).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


@contextmanager
def serving(server: WireServer) -> Iterator[WireServer]:
    """Listen on a free port of the loopback address while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the client would wait 40 ms between two

        def setup(self) -> None:
            super().setup()
            server.n_connections += 1

        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, body: dict[str, Any]) -> None:
            reply = server.answer(self.path, body, self.headers)
            if reply is None:
                self.close_connection = True
                return
            status, headers, content = reply
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that gave up is no error of the server's."""

    listener = Listener(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
