"""Which process answers a probe: a port alone may have been another's first.

Who starts a process and asks it gives it a name of its own in its environment; each answer bears
it, so that one who answers at the same port is not taken for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["INSTANCE_HEADER", "INSTANCE_VARIABLE", "instance_headers"]

INSTANCE_VARIABLE = "CHERRYREC_INSTANCE"
"""The environment variable that names a process; no setting of a site's."""

INSTANCE_HEADER = "X-CherryRec-Instance"
"""The header of each probe's answer that says the name back."""


def instance_headers(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a probe's answer says about who answers: nothing where nobody named it.

    Parameters
    ----------
    environment
        Variables; absent: those of this process.

    Examples
    --------
    >>> instance_headers({"CHERRYREC_INSTANCE": "7f3a"})
    {'X-CherryRec-Instance': '7f3a'}
    >>> instance_headers({})
    {}
    """
    name = (os.environ if environment is None else environment).get(INSTANCE_VARIABLE)
    return {INSTANCE_HEADER: name} if name else {}
