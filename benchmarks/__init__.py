"""Benchmarks: one file a claim, each against a reference in the same run.

Run one with `python -m benchmarks.NAME`, or all with `make bench`. Files that begin with an
underscore are what they share.
"""

from __future__ import annotations

from cherryrec.cli.arithmetic import choose_products

choose_products()  # before numpy: as the processes that are measured or compared with
