"""Claim: whatever is decoded, no exception but the one that names the fault comes out.

Valid messages, stored state, snapshots, log rows and recordings are damaged (bits, cuts, splices,
other types, ends of ranges) and fed to what reads them; what is accepted is used. Each find is
printed once, by its exception and the line of ours that it left, with the input that repeats it.
With `--minutes` compiled loops run with their bounds checked: an index past an array is a find,
where it would read what lies behind it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

SEED = 0
RESTART_EVERY = 2_000


@dataclass(slots=True)
class Fuzzed:
    """What came of one target."""

    n: int = 0
    n_accepted: int = 0
    slowest_s: float = 0.0
    finds: dict[str, tuple[int, str]] = field(default_factory=dict)


def fuzz(name: str, *, seed: int, n: int | None = None, minutes: float = 0.0) -> Fuzzed:
    """Feed one target damaged inputs, `n` of them or for some minutes."""
    from benchmarks._fuzz.targets import TARGETS

    target, rng, found = TARGETS[name](), random.Random(seed), Fuzzed()
    end_s = time.monotonic() + 60.0 * minutes
    while found.n < n if n is not None else time.monotonic() < end_s:
        if target.restart is not None and found.n and found.n % RESTART_EVERY == 0:
            target.restart()
        damaged = target.damage(rng)
        started = time.perf_counter()
        try:
            found.n_accepted += target.feed(damaged)
        except target.named:
            pass
        except Exception as error:
            where = _place(error)
            count, example = found.finds.get(where, (0, ""))
            text = example or f"{error!s:.200}\n    input {found.n}, seed {seed}: {damaged!r:.200}"
            found.finds[where] = count + 1, text
        found.slowest_s = max(found.slowest_s, time.perf_counter() - started)
        found.n += 1
    return found


def _place(error: Exception) -> str:
    """Name an exception and the line of ours that it left last."""
    root = str(Path(__file__).parents[1])
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(root)]
    ours = [f for f in frames if "/.venv/" not in f.filename]
    last = ours[-1]
    return f"{type(error).__name__} at {Path(last.filename).relative_to(root)}:{last.lineno}"


def main() -> int:
    """Print what each target took and refused, and every find; exit 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--target", action="append", help="one of them; default all")
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    os.environ.setdefault("NUMBA_BOUNDSCHECK", "1")
    from benchmarks._fuzz.targets import TARGETS
    from benchmarks._report import header

    header("no exception but the one that names the fault", seed=asked.seed)
    has_found = False
    for name in asked.target or TARGETS:
        found = fuzz(name, seed=asked.seed, minutes=asked.minutes)
        print(
            f"{name}: {found.n:,} inputs in {asked.minutes:g} min, {found.n_accepted:,} accepted, "
            f"slowest {found.slowest_s:.3f} s, {len(found.finds)} finds",
            flush=True,
        )
        for where, (count, example) in sorted(found.finds.items()):
            print(f"  {count:,} times {where}\n    {example}", flush=True)
        has_found = has_found or bool(found.finds)
    return 1 if has_found else 0


if __name__ == "__main__":
    sys.exit(main())
