"""VaNS: the CherryRec Score of the articles that KnRS has kept and CnLE has judged.

It sees one impression at a time as a matrix of raw features, standardises it within the slate and
adds the scores of an ensemble, with weights learned online: the paper's three are Algorithm 1
(`linear`, its interactions as `pairs`, and both over a few scores as `poly`), a `forest` and a
support vector machine, `svm`; all are in `cherryrec.vans.members`, each with settings of its own.
`Vans` learns, its `snapshot` holds everything and its `serving` arrays make a `Scorer`, which the
workers swap in whole. Every score is the exact sum of its contributions.

What is River's: the interface of members and scaler (`base.Regressor`, `base.Transformer`, held to
River's own checks), and all of the learning of `poly`: its weights, L2 and optimizer. The
arithmetic of the other members is ours, on whole slates and as arrays; their AdaGrad is River's
rule for vectors, which River steps by name only.

How contributions are split: an interaction's weight half and half between its two features, one
with a context feature wholly to the other one; a tree's change of value at a split to the feature
it splits on; and all of them are centred within the slate: what a feature adds is against the
slate's average.
"""

from cherryrec.vans.config import FORMER_SETTINGS, VansConfig
from cherryrec.vans.ensemble import Vans
from cherryrec.vans.features import Feature
from cherryrec.vans.mapped import MappedScorer, columns_by_name
from cherryrec.vans.member import Member
from cherryrec.vans.members import (
    MEMBERS,
    SVM,
    Boost,
    BoostedTrees,
    FactorisedRegression,
    Factors,
    Forest,
    Linear,
    ListwiseNet,
    ListwiseRegression,
    Net,
    Pairs,
    PairwiseSVM,
    Poly,
    PolynomialRegression,
    Wide,
    WindowForest,
)
from cherryrec.vans.prior import starting_weights
from cherryrec.vans.scaler import SlateScaler
from cherryrec.vans.scored import Scored
from cherryrec.vans.serving import Scorer

__all__ = [
    "FORMER_SETTINGS",
    "MEMBERS",
    "SVM",
    "Boost",
    "BoostedTrees",
    "FactorisedRegression",
    "Factors",
    "Feature",
    "Forest",
    "Linear",
    "ListwiseNet",
    "ListwiseRegression",
    "MappedScorer",
    "Member",
    "Net",
    "Pairs",
    "PairwiseSVM",
    "Poly",
    "PolynomialRegression",
    "Scored",
    "Scorer",
    "SlateScaler",
    "Vans",
    "VansConfig",
    "Wide",
    "WindowForest",
    "columns_by_name",
    "starting_weights",
]
