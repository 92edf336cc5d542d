#!/usr/bin/env bash
# Linux, Python's subprocess: `resource.getrusage(RUSAGE_SELF).ru_maxrss` of a program that was just
# started is at least the most memory that the program which started it had held. Between fork and
# exec the child has its parent's memory, whose peak exec takes over (vfork and fork alike); man
# getrusage has half of it, under NOTES: "Resource usage metrics are preserved across an execve(2)".
# So a small program measured from a large one seems large, and two of different sizes seem equal.
# `VmHWM` in /proc/self/status is of the new memory alone, and begins anew with exec.
#
# Who is met by it: benchmarks that run each case in a process of its own and let it tell its peak.
#
# Seen, of a child that holds about 10 MiB and a parent that holds 300 MiB more:
#   ru_maxrss of the child is above 300 MiB: True
#   VmHWM of the child is below 100 MiB: True
#
# Ends with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/child.py" <<'PY'
import resource

peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
status = open("/proc/self/status").read()
high_mib = float(status.partition("VmHWM:")[2].split()[0]) / 1024
print("ru_maxrss of the child is above 300 MiB:", peak_mib > 300)
print("VmHWM of the child is below 100 MiB:", high_mib < 100)
PY
cat > "$folder/parent.py" <<'PY'
import subprocess
import sys

held = bytearray(300 * 2**20)
held[::4096] = b"x" * len(held[::4096])  # every page is touched
subprocess.run([sys.executable, sys.argv[1]], check=True)
PY
python3 "$folder/parent.py" "$folder/child.py" | tee "$folder/seen"
sed -n 's/^#   \(.* of the child .*\)/\1/p' "$0" | diff - "$folder/seen"
