"""Claim: a log of ten times the length takes at most `MOST` times the memory to read.

For each format a file of a size and one of ten times that are generated, and each is read to its
end in a process of its own, which tells its rows a second of processor time and the most memory it
held. `held_bytes` is set to 4 MiB here, so that both files spill: with the default of 64 MiB the
short one would not, and the two could not be compared.

`python -m benchmarks.log_readers [--megabytes N] [FORMAT …]`: N is the size of the longer file,
20 unless said.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks._log_files import WRITERS
from benchmarks._report import header, verdict
from cherryrec.evaluation.logs import ClickLog, ImpressionLog, LogSource

SEED = 0
MOST = 1.1
HELD_BYTES = 4 * 2**20
"""What readers may hold of the events, so that both files are longer."""


def read(name: str, folder: str) -> None:
    """Read a log to its end, and print what that took as JSON."""
    log = LogSource(Path(folder), name, held_bytes=HELD_BYTES).open()
    begun = time.process_time()
    n = 0
    events: Iterable[object]
    if isinstance(log, ImpressionLog):
        events = log.impressions()
    else:
        events = log.clicks() if isinstance(log, ClickLog) else log.displays()
    for _ in events:
        n += 1
    used_s = time.process_time() - begun
    n_rows = sum(one.n_rows for one in log.faults)
    peak_mib = peak_memory_mib()
    print(json.dumps({"n": n, "rows_per_s": n_rows / used_s, "peak_mib": peak_mib}))


def peak_memory_mib() -> float:
    """Read the most memory that this program has held, in MiB.

    `ru_maxrss` would not do: Linux carries it over from the process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) / 1_024


def measured(name: str, n_bytes: int) -> tuple[int, dict[str, float]]:
    """Write a log and read it in another process; returns its rows too."""
    with tempfile.TemporaryDirectory(prefix="cherryrec-bench-") as folder:
        n_rows = WRITERS[name](Path(folder), n_bytes, SEED)
        command = [sys.executable, "-m", "benchmarks.log_readers", "--read", name, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return n_rows, found


def main() -> int:
    """Print the table; exit 1 where the claim does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("formats", nargs="*")
    parser.add_argument("--megabytes", type=float, default=20.0)
    parser.add_argument("--read", nargs=2, metavar=("FORMAT", "FOLDER"))
    options = parser.parse_args()
    if options.read:
        read(*options.read)
        return 0
    megabytes = options.megabytes
    header(f"reading logs of {megabytes / 10:g} and {megabytes:g} MB in each format", seed=SEED)
    holds = True
    for name in options.formats or WRITERS:
        parts = [measured(name, int(size * 1e6)) for size in (megabytes / 10, megabytes)]
        (_, short), (n_rows, long) = parts
        print(
            f"{name}: {n_rows:,} rows, {long['rows_per_s']:,.0f} rows/s of processor time, peak "
            f"{short['peak_mib']:,.0f} MiB and {long['peak_mib']:,.0f} MiB",
            flush=True,
        )
        ratio = long["peak_mib"] / short["peak_mib"]
        holds &= verdict(f"{name}: memory of ten times the log", ratio, most=MOST)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
