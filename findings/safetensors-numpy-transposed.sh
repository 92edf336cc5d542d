#!/usr/bin/env bash
# safetensors 0.8.0, numpy backend: an array that is a transposed or strided view is saved with its
# numbers in the order of the memory behind it, under its own shape. What is loaded again has the
# right shape and dtype and other numbers; nothing is raised. 0.7.0 saves the array.
#
# Who is met by it: weights are transposed between frameworks, and a model's columns are sliced, as
# views, just before they are saved. `numpy.ascontiguousarray` before the call is the way round.
#
# Seen, for [[0, 1, 2], [3, 4, 5]]:
#   0.7.0 transposed [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#   0.7.0 every other column [[0.0, 2.0], [3.0, 5.0]]
#   0.8.0 transposed [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
#   0.8.0 every other column [[0.0, 1.0], [2.0, 3.0]]
#   0.8.0 transposed, made contiguous first [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#
# Ends with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/save.py" <<'PY'
import sys

import numpy as np
from safetensors.numpy import load, save

array = np.arange(6, dtype=np.float32).reshape(2, 3)
saved = {"transposed": array.T, "every other column": array[:, ::2]}
if sys.argv[1] == "0.8.0":
    saved["transposed, made contiguous first"] = np.ascontiguousarray(array.T)
for name, one in saved.items():
    print(sys.argv[1], name, load(save({"x": one}))["x"].tolist())
PY
for version in 0.7.0 0.8.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "safetensors==$version" numpy==2.4.6
  "$folder/$version/bin/python" "$folder/save.py" "$version"
done | tee "$folder/seen"
sed -n 's/^#   \(0\.[78]\.0 .*\)/\1/p' "$0" | diff - "$folder/seen"
