"""What the user was shown: a twice, last 20 minutes ago; b last of all, and clicked; d once."""

from __future__ import annotations

from math import log

WORKED = {
    "seen_times": (log(3), log(4), 0.0, log(2)),
    "seen_clicks": (0.0, log(2), 0.0, 0.0),
    "seen_lately": (0.25, 0.5, 0.0, 0.25),  # half a life is ten minutes
    "seen_today": (2 ** (-1 / 18), 2 ** (-1 / 36), 0.0, 2 ** (-1 / 18)),
    "seen_in_last": (0.0, 1.0, 0.0, 0.0),
}
