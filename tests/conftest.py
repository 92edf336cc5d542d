"""What holds for every test."""

from __future__ import annotations

from cherryrec.cli.arithmetic import choose_products

choose_products()  # before numpy: what tests compute must equal what the commands they start do

import hypothesis  # noqa: E402

# The first example may compile a loop, which takes seconds where none has been kept yet.
hypothesis.settings.register_profile("compiled", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=10_000)
hypothesis.settings.load_profile("compiled")
