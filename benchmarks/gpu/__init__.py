"""What CnLE does on a GPU: a model of Qwen2-7B's size with random weights, no network.

    benchmarks/gpu/run.sh [--minutes 8]

Speed and memory do not depend on what a model has learned, so its weights are drawn here. The
tokenizer is the small model's: its words are about as long, and all its tokens exist in the other.
"""

from __future__ import annotations
