"""What repairing topics may set: settings, but none that has Kafka delete records."""

from __future__ import annotations

import pytest

from streams.admin import Mismatch


@pytest.mark.parametrize(
    ("setting", "wanted", "got", "can_be_set"),
    [
        ("message.timestamp.type", "LogAppendTime", "CreateTime", True),
        ("max.message.bytes", "1048576", "100", True),
        ("max.compaction.lag.ms", "86400000", "none", True),
        ("retention.ms", "86400000", "1000", True),
        ("retention.ms", "86400000", "604800000", False),
        ("retention.ms", "86400000", "-1", False),
        ("cleanup.policy", "compact", "delete", True),
        ("cleanup.policy", "compact,delete", "compact", False),
        ("cleanup.policy", "delete", "compact", False),
        ("partitions", "4", "1", False),
        ("topic", "there", "none", False),
    ],
)
def test_only_settings_that_delete_nothing_can_be_set(
    setting: str, wanted: str, got: str, can_be_set: bool
) -> None:
    assert Mismatch("cherryrec.clicks", setting, wanted, got).can_be_set == can_be_set
