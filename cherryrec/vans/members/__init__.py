"""The members of the ensemble: each its settings, its learner and its frozen form, in a file.

`MEMBERS` lists them. Settings, their documentation, snapshots, serving and ablations follow from
it: a new member is its file and a line here.
"""

from __future__ import annotations

from cherryrec.vans.member import Member
from cherryrec.vans.members.boost import Boost, BoostedTrees, FrozenBoost
from cherryrec.vans.members.factors import FactorisedRegression, Factors, FrozenFactors
from cherryrec.vans.members.forest import Forest, WindowForest
from cherryrec.vans.members.linear import FrozenQuadratic, Linear, ListwiseRegression
from cherryrec.vans.members.net import FrozenNet, ListwiseNet, Net
from cherryrec.vans.members.pairs import Pairs
from cherryrec.vans.members.poly import Poly, PolynomialRegression
from cherryrec.vans.members.svm import SVM, PairwiseSVM
from cherryrec.vans.members.wide import Wide

__all__ = [
    "MEMBERS",
    "SVM",
    "Boost",
    "BoostedTrees",
    "FactorisedRegression",
    "Factors",
    "Forest",
    "FrozenBoost",
    "FrozenFactors",
    "FrozenNet",
    "FrozenQuadratic",
    "Linear",
    "ListwiseNet",
    "ListwiseRegression",
    "Net",
    "Pairs",
    "PairwiseSVM",
    "Poly",
    "PolynomialRegression",
    "Wide",
    "WindowForest",
]

MEMBERS: tuple[type[Member], ...] = (Linear, Poly, Pairs, Factors, Forest, SVM, Net, Wide, Boost)
"""All members, in the order of the ensemble."""
