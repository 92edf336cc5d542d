"""What is decided before a checkpoint is loaded."""

from __future__ import annotations

import torch

from gpu_worker.backends.loading import _auto_dtype


def test_automatic_arithmetic_is_what_the_device_computes_natively() -> None:
    is_native = torch.ops.mkldnn._is_mkldnn_bf16_supported()

    assert _auto_dtype(torch.device("cpu")) == ("bfloat16" if is_native else "float32")
    assert _auto_dtype(torch.device("cuda")) == "bfloat16"
