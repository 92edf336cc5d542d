"""Claim: CnLE in one pass over letters ranks twenty times as many slates a second as generate().

On a GPU, in bfloat16 and NF4, by batch; and steps a second of QLoRA. What the minutes no longer
allow is left out and named.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks._report import header
from benchmarks.gpu.checkpoint import SIZES, write_checkpoint
from benchmarks.gpu.clock import Clock, timed
from benchmarks.gpu.serving import measure_generate, measure_serving
from benchmarks.gpu.tuning import measure_tuning
from cherryrec.errors import CherryRecError
from gpu_worker.backends.loading import Base, load_base
from gpu_worker.config import GpuConfig

QUANTISATIONS = {"bfloat16": "none", "NF4": "nf4"}


def main(arguments: Sequence[str]) -> int:
    """Run the session; exit 2 where the device or the tokenizer is not there."""
    parser = argparse.ArgumentParser(prog="benchmarks/gpu/run.sh")
    parser.add_argument("--size", choices=sorted(SIZES), default="7b")
    parser.add_argument("--minutes", type=float, default=8.0)
    chosen = parser.parse_args(arguments)
    if chosen.size == "7b" and not torch.cuda.is_available():
        print("a model of 7 billion parameters must have a GPU, there is none: try --size tiny")
        return 2
    device = torch.device("cpu" if chosen.size == "tiny" else "cuda")
    clock = Clock(chosen.minutes)
    header(f"CnLE with random weights of the size {chosen.size}", seed=0)
    if device.type == "cuda":
        print(f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}")
    try:
        with tempfile.TemporaryDirectory(prefix="cherryrec-gpu-") as folder:
            _session(Path(folder), chosen.size, device, clock)
    except CherryRecError as error:
        print(error)
        return 2
    print(f"left out for lack of time: {', '.join(clock.left_out) or 'nothing'}")
    return 0


def _session(folder: Path, size: str, device: torch.device, clock: Clock) -> None:
    billions = 0.0

    def write() -> None:
        nonlocal billions
        billions = write_checkpoint(folder, size, device=device)

    taken_s = timed(write, device)
    print(f"{billions:.2f} billion random weights drawn and written in {taken_s:.0f} s")
    for name, quantisation in QUANTISATIONS.items():
        if not clock.allows(f"everything in {name}", seconds=30.0):
            continue
        base = _loaded(folder, device, quantisation)
        measure_serving(base, name, clock)
        measure_generate(base, name, clock)
        if base.is_nf4:
            measure_tuning(base, name, clock)  # last: it changes the model
        del base
        gc.collect()
        torch.cuda.empty_cache()


def _loaded(folder: Path, device: torch.device, quantisation: str) -> Base:
    """Load the checkpoint by the code that serves."""
    config = GpuConfig(
        model=str(folder), device=device.type, dtype="bfloat16", quantisation=quantisation
    )
    return load_base(config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
