"""The members of the ensemble: each a River regressor that also learns and scores whole slates."""

from cherryrec.vans.members.boost import BoostedTrees, BoostPart
from cherryrec.vans.members.factors import FactorisedRegression, FactorPart
from cherryrec.vans.members.forest import WindowForest
from cherryrec.vans.members.linear import ListwiseRegression, QuadraticPart
from cherryrec.vans.members.net import ListwiseNet, NetPart
from cherryrec.vans.members.svm import PairwiseSVM

__all__ = [
    "BoostPart",
    "BoostedTrees",
    "FactorPart",
    "FactorisedRegression",
    "ListwiseNet",
    "ListwiseRegression",
    "NetPart",
    "PairwiseSVM",
    "QuadraticPart",
    "WindowForest",
]
