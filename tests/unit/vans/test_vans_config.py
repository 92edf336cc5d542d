from __future__ import annotations

from typing import Any

import pytest

from cherryrec.errors import ConfigError
from cherryrec.vans import VansConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"members": ("lr", "gbm")}, "members must be some of"),
        ({"members": ()}, "members must be some of"),
        ({"members": ("lr", "lr")}, "each once, got"),
        ({"clip": 0.0}, "clip must be above 0, got 0.0"),
        ({"lr_rate": float("nan")}, "lr_rate must be above 0, got nan"),
        ({"svm_l2": -0.1}, "svm_l2 must be at least 0, got -0.1"),
        ({"depth": 9}, "depth must be from 1 to 8, got 9"),
        ({"feature_share": 1.5}, "feature_share must be above 0 and at most 1, got 1.5"),
        ({"rows_per_impression": 1}, "rows_per_impression must be from 2 to window_rows"),
    ],
)
def test_a_bad_setting_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        VansConfig(**settings)
