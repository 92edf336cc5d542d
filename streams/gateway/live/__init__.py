"""What the page shows live: records folded into bounded state, told twice a second at most.

`windows`, `latencies`, `letters`, `judging`, `models` and `stories` each hold one thing, `view`
feeds and tells them all, `groups` asks Kafka who owns what, `stream` sends it to browsers.
"""

from __future__ import annotations

from streams.gateway.live.groups import Groups, GroupWatch
from streams.gateway.live.stream import LiveStream, Watch
from streams.gateway.live.view import VIEWS, LiveView, View

__all__ = ["VIEWS", "GroupWatch", "Groups", "LiveStream", "LiveView", "View", "Watch"]
