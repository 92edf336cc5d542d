"""Loops of VaNS, compiled: `slates` makes inputs, `scores` adds members up, `nets` and `trees`.

A slate is some dozens of rows, for which a numpy reduction costs more to call than to compute;
what would take a chain of them is one loop here. Products of matrices are left to numpy, which
hands them to BLAS.
"""

from cherryrec.vans.kernels.nets import dropped, net_slopes, net_step
from cherryrec.vans.kernels.scores import (
    add_contributions,
    centred,
    factor_scores,
    factor_slopes,
    hinge_slopes,
    scaled_scores,
    split_products,
)
from cherryrec.vans.kernels.slates import count_slate, slate_inputs, slate_ranks, standardise
from cherryrec.vans.kernels.trees import grow_tree, keep_slate, leaves, residuals, walk

__all__ = [
    "add_contributions",
    "centred",
    "count_slate",
    "dropped",
    "factor_scores",
    "factor_slopes",
    "grow_tree",
    "hinge_slopes",
    "keep_slate",
    "leaves",
    "net_slopes",
    "net_step",
    "residuals",
    "scaled_scores",
    "slate_inputs",
    "slate_ranks",
    "split_products",
    "standardise",
    "walk",
]
