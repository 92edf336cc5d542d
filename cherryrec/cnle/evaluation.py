"""From the logits of letters to one evaluation per candidate, comparable across list sizes.

Within a prompt, softmax over the letters gives each candidate's share p of the choice. A share
means little by itself: 0.05 is average among twenty candidates and dismal among two. The
evaluation is the share's odds against an even split among the n candidates,

    e = n·p / (1 + n·p)

so 0.5 says "as likely as any", a lone candidate is always 0.5, and logit(e) = log(n·p) is the
centred logit that VaNS can use as a feature directly. The order is that of the shares.

Lists longer than the letters come as groups that share anchors. By Luce's choice axiom the ratio
of two shares does not depend on what else is on the list, so each group's log-shares are shifted
until its anchors have the mean they have in the first group; candidates judged several times get
the mean of their log-shares.

References
----------
Luce (1959), Individual Choice Behavior; Yue et al. (2023), LlamaRec: Two-Stage Recommendation
using Large Language Models for Ranking, https://arxiv.org/abs/2311.02089 (the verbalizer).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cherryrec.cnle.prompts import Prompt
from cherryrec.errors import ModelError

__all__ = ["evaluations_of", "log_shares", "merged_log_shares", "relative_share"]

Floats = NDArray[np.float64]


def log_shares(logits: Floats) -> Floats:
    """Log-softmax, (n,) → (n,).

    Examples
    --------
    >>> np.exp(log_shares(np.array([0.0, 0.0]))).tolist()
    [0.5, 0.5]
    """
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


def relative_share(log_share: Floats) -> Floats:
    """Return e = n·p / (1 + n·p) for log-shares of one list on any common scale, (n,) → (n,).

    Examples
    --------
    Three of four candidates alike and one three times as likely: its share is 1/2, n·p = 2.

    >>> relative_share(np.log(np.array([3.0, 1.0, 1.0, 1.0]))).round(4).tolist()
    [0.6667, 0.4, 0.4, 0.4]
    """
    centred = log_shares(log_share) + np.log(len(log_share))
    # The same as sigmoid(centred), without overflow on either side.
    return np.asarray(np.exp(-np.logaddexp(0.0, -centred)))


def merged_log_shares(
    orders: Sequence[tuple[int, ...]], logits: Sequence[Floats], n_candidates: int
) -> Floats:
    """Bring the groups of one list, and permutations of it, onto one scale, (n,).

    Parameters
    ----------
    orders
        Candidate index behind each letter, a prompt each; together they name every candidate,
        and at least one (the anchors) is in all of them.
    logits
        The letters' logits of each prompt, as long as its order.
    n_candidates
        Candidates of the request.

    Raises
    ------
    ModelError
        Logits that do not fit their prompt, or are not finite.
    """
    sums = np.zeros(n_candidates)
    counts = np.zeros(n_candidates)
    anchors = sorted(set.intersection(*(set(order) for order in orders)))
    reference: float | None = None
    for order, values in zip(orders, logits, strict=True):
        if len(values) != len(order) or not np.isfinite(values).all():
            msg = f"wanted {len(order)} finite letter logits, got {np.asarray(values).tolist()!r}"
            raise ModelError(msg)
        shares = log_shares(np.asarray(values, dtype=np.float64))
        by_index = np.full(n_candidates, np.nan)
        by_index[list(order)] = shares
        level = float(by_index[anchors].mean())
        reference = level if reference is None else reference
        sums[list(order)] += shares - level + reference
        counts[list(order)] += 1.0
    return np.asarray(sums / counts)


def evaluations_of(
    article_ids: Sequence[str], prompts: Sequence[Prompt], logits: Sequence[Floats]
) -> dict[str, float]:
    """Return one evaluation in [0, 1] per article, in the order of the ids.

    Parameters
    ----------
    article_ids
        The request's candidates, in its order.
    prompts
        All prompts of the request.
    logits
        The letters' logits of each prompt.

    Examples
    --------
    >>> prompt = Prompt(template_id="behaviour/1", prefix="", suffix="", order=(1, 0))
    >>> evaluations_of(["a", "b"], [prompt], [np.array([np.log(3.0), 0.0])])
    {'a': 0.333333, 'b': 0.6}
    """
    shares = merged_log_shares([prompt.order for prompt in prompts], logits, len(article_ids))
    # Six digits are all that bfloat16 logits can tell, and a third of the message's length; six
    # significant ones, or a confident model would leave all that it rejects at 0, without order.
    rounded = [float(f"{one:.6g}") for one in relative_share(shares).tolist()]
    return dict(zip(article_ids, rounded, strict=True))
