"""docs/library.md: its example runs and prints what it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says() -> None:
    found = re.search(r"^```python\n(.*?)^```\n\n```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(compile(found[1], "docs/library.md", "exec"), {})

    assert printed.getvalue() == found[2]
