"""VaNS: the CherryRec Score of the articles that KnRS has kept and CnLE has judged.

It sees one impression at a time as a matrix of raw features, standardises it within the slate and
adds the scores of an ensemble: Algorithm 1 of the paper (`lr`, and its interactions as `pairs`), a
forest over a window (`rf`) and a ranking SVM (`svm`), with weights learned online. All members are
River regressors. `Vans` learns, its `snapshot` holds everything and its `serving` arrays make a
`Scorer`, which the workers swap in whole. Every score is the exact sum of its contributions.

How contributions are split: an interaction's weight half and half between its two features, one
with a context feature wholly to the other one; a tree's change of value at a split to the feature
it splits on; and all of them are centred within the slate: what a feature adds is against the
slate's average.
"""

from cherryrec.vans.config import VansConfig
from cherryrec.vans.ensemble import Vans
from cherryrec.vans.features import Feature
from cherryrec.vans.mapped import MappedScorer, columns_by_name
from cherryrec.vans.members.boost import BoostedTrees
from cherryrec.vans.members.factors import FactorisedRegression
from cherryrec.vans.members.forest import WindowForest
from cherryrec.vans.members.linear import ListwiseRegression
from cherryrec.vans.members.net import ListwiseNet
from cherryrec.vans.members.svm import PairwiseSVM
from cherryrec.vans.prior import starting_weights
from cherryrec.vans.scaler import SlateScaler
from cherryrec.vans.scored import Scored
from cherryrec.vans.serving import Scorer

__all__ = [
    "BoostedTrees",
    "FactorisedRegression",
    "Feature",
    "ListwiseNet",
    "ListwiseRegression",
    "MappedScorer",
    "PairwiseSVM",
    "Scored",
    "Scorer",
    "SlateScaler",
    "Vans",
    "VansConfig",
    "WindowForest",
    "columns_by_name",
    "starting_weights",
]
