#!/usr/bin/env bash
# One session on a CUDA machine, 8 minutes at most, without network: slates a second, latency and
# memory of CnLE in bfloat16 and NF4, beside generate(), and steps a second of QLoRA. It wants what
# `make setup` installs, 20 GB of disk where TMPDIR points, and 40 GB on the GPU.
#
#     benchmarks/gpu/run.sh
#     benchmarks/gpu/run.sh --size tiny --minutes 2   # the same on a CPU, to see that it runs
set -euo pipefail
cd "$(dirname "$0")/../.."
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
exec "${PYTHON:-.venv/bin/python}" -m benchmarks.gpu "$@"
