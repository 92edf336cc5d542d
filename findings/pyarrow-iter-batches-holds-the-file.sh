#!/usr/bin/env bash
# pyarrow 26.0.1: `ParquetFile(path).iter_batches(...)` holds the whole file in memory by the time it
# is read, not a batch nor a row group. `pre_buffer=True` is the default of `ParquetFile` there, and
# what is fetched ahead of all row groups is kept until the last batch; 20.0.0 has False.
#
# Who is met by it: readers that go by batches because the file does not fit. `pre_buffer=False`, or
# `row_groups=[number]` for one group at a time, is the way round.
#
# Seen, for a file of 40 row groups of about 1 MiB each, the most that arrow held:
#   20.0.0 as it comes: below 5 MiB
#   26.0.1 as it comes: above 30 MiB
#   26.0.1 pre_buffer=False: below 5 MiB
#   26.0.1 a row group at a time: below 5 MiB
#
# Ends with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/read.py" <<'PY'
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

path = Path(sys.argv[1]) / "x.parquet"
rng = np.random.default_rng(0)
with pq.ParquetWriter(path, pa.schema([("x", pa.int64())]), use_dictionary=False) as writer:
    for _ in range(40):
        writer.write_table(pa.table({"x": rng.integers(0, 2**62, 2**17)}))


def most_mib(file, groups):
    most = 0
    for group in groups:
        for _ in file.iter_batches(batch_size=1_024, row_groups=group):
            most = max(most, pa.total_allocated_bytes())
    return most / 2**20


def told(name, mib):
    bound = "below 5" if mib < 5 else "above 30" if mib > 30 else f"{mib:.0f}"
    print(f"{pa.__version__} {name}: {bound} MiB")


told("as it comes", most_mib(pq.ParquetFile(path), [None]))
if pa.__version__ == "26.0.1":
    told("pre_buffer=False", most_mib(pq.ParquetFile(path, pre_buffer=False), [None]))
    each = [[number] for number in range(40)]
    told("a row group at a time", most_mib(pq.ParquetFile(path), each))
PY
for version in 20.0.0 26.0.1; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "pyarrow==$version" numpy==2.4.6
  "$folder/$version/bin/python" "$folder/read.py" "$folder"
done | tee "$folder/seen"
sed -n 's/^#   \([0-9].* MiB\)$/\1/p' "$0" | diff - "$folder/seen"
