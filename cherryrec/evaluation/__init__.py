"""Measuring CherryRec on recorded logs, by the code that serves.

`mind` reads a log, `replay` runs it through the pipeline in event-time order, `metrics` and
`intervals` judge every impression before its clicks are learned, `baselines` are judged beside it,
`ablation` replays without a part of the system, `report` and `tables` write what came out,
`predictions` MIND's submission file. `generate` makes logs whose true click probabilities are
known.
"""

from __future__ import annotations
