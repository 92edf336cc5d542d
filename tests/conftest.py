"""What holds for every test."""

from __future__ import annotations

import hypothesis

# The first example may compile a loop, which takes seconds where none has been kept yet.
hypothesis.settings.register_profile("compiled", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=10_000)
hypothesis.settings.load_profile("compiled")
