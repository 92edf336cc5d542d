"""The system on one machine, started and ended as one."""

from __future__ import annotations

from streams.stack.children import Child, start_child
from streams.stack.stack import LocalStack, StackSettings, free_port

__all__ = ["Child", "LocalStack", "StackSettings", "free_port", "start_child"]
