"""CherryRec: explained, personal news recommendations from a stream of clicks.

The core of the system of *CherryRec: Enhancing News Recommendation Quality via LLM-driven
Framework* (arXiv 2406.12243). Everything in here is a pure function of events: no clock, no
network, no environment. `streams` runs it on Kafka through Faust, `gpu_worker` gives it a language
model, `cherryrec.evaluation` replays logs through the same code.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
