"""The system on one machine, started and ended as one.

`stack` is its processes, `restarts` and `keeper` start again what has ended, `supervisor` is the
process that holds a stack in the background, `state` what that one writes down.
"""

from __future__ import annotations

from streams.stack.children import Child, start_child
from streams.stack.keeper import Keeper, Supervised
from streams.stack.restarts import Action, RestartHistory, RestartPolicy
from streams.stack.stack import LocalStack, StackSettings, free_port
from streams.stack.state import (
    ProcessState,
    StackState,
    end_processes,
    process_state,
    read_state,
    remove_state,
    write_state,
)
from streams.stack.supervisor import supervise, supervisor_log

__all__ = [
    "Action",
    "Child",
    "Keeper",
    "LocalStack",
    "ProcessState",
    "RestartHistory",
    "RestartPolicy",
    "StackSettings",
    "StackState",
    "Supervised",
    "end_processes",
    "free_port",
    "process_state",
    "read_state",
    "remove_state",
    "start_child",
    "supervise",
    "supervisor_log",
    "write_state",
]
