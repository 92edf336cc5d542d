"""One tree of errors, by who must act.

::

    CherryRecError
    ├── BadMessage      the sender of the event
    ├── ConfigError     the operator
    │   └── LogError    the operator: a recorded log that cannot be read or believed
    ├── LeakError       the developer: a replay that ranks by what it must not know yet
    ├── ModelError      the model's owner: weights, snapshots, tokenizers
    ├── ServiceError    the operator: Kafka, Java, a worker that did not come up
    └── StateError      the operator: stored state of a user that cannot be read
"""

from __future__ import annotations

__all__ = [
    "BadMessage",
    "CherryRecError",
    "ConfigError",
    "LeakError",
    "LogError",
    "ModelError",
    "ServiceError",
    "StateError",
]


class CherryRecError(Exception):
    """Any failure that CherryRec reports in one line instead of a traceback."""


class BadMessage(CherryRecError):
    """A message that its sender must correct; it goes to `dead-letters` with this reason."""


class ConfigError(CherryRecError):
    """A setting, argument or file that the operator must correct."""


class LogError(ConfigError):
    """A recorded log that cannot be read, or that no healthy one looks like."""


class LeakError(CherryRecError):
    """A ranking would use an event from its own time or later; its measures would be worthless."""


class ModelError(CherryRecError):
    """Weights, a snapshot or a tokenizer that do not fit what they are used for."""


class ServiceError(CherryRecError):
    """A process or service CherryRec needs that did not start, answer or stop."""


class StateError(CherryRecError):
    """Stored bytes of a user's state that no version of it has written."""
