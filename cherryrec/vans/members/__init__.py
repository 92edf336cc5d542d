"""The members of the ensemble: each its settings, its learner and the part that serves, in a file.

`MEMBERS` lists them. Settings, their documentation, snapshots, serving and ablations follow from
it: a new member is its file and a line here.
"""

from cherryrec.vans.member import Member
from cherryrec.vans.members.boost import Boost, BoostedTrees, BoostPart
from cherryrec.vans.members.factors import FactorisedRegression, FactorPart, Factors
from cherryrec.vans.members.forest import Forest, WindowForest
from cherryrec.vans.members.linear import Linear, ListwiseRegression, QuadraticPart
from cherryrec.vans.members.net import ListwiseNet, Net, NetPart
from cherryrec.vans.members.pairs import Pairs
from cherryrec.vans.members.poly import Poly, PolynomialRegression
from cherryrec.vans.members.svm import SVM, PairwiseSVM
from cherryrec.vans.members.wide import Wide

__all__ = [
    "MEMBERS",
    "SVM",
    "Boost",
    "BoostPart",
    "BoostedTrees",
    "FactorPart",
    "FactorisedRegression",
    "Factors",
    "Forest",
    "Linear",
    "ListwiseNet",
    "ListwiseRegression",
    "Net",
    "NetPart",
    "Pairs",
    "PairwiseSVM",
    "Poly",
    "PolynomialRegression",
    "QuadraticPart",
    "Wide",
    "WindowForest",
]

MEMBERS: tuple[type[Member], ...] = (Linear, Poly, Pairs, Factors, Forest, SVM, Net, Wide, Boost)
"""All members, in the order of the ensemble."""
