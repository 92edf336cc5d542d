"""Replay of a log through real topics and workers, on the messages and judge of the core."""

from __future__ import annotations

from streams.replay.driver import KafkaReplay, ReplaySettings

__all__ = ["KafkaReplay", "ReplaySettings"]
