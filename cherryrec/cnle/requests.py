"""What the pipeline sends to CnLE."""

from __future__ import annotations

from collections.abc import Iterable

from cherryrec.cnle.prompts import MAX_HISTORY
from cherryrec.cnle.titles import inert
from cherryrec.events import CandidateText, EvaluationRequest, PromptProfile

__all__ = ["evaluation_request"]


def evaluation_request(
    *,
    request_id: str,
    user_id: str,
    candidates: Iterable[tuple[str, str, str]],
    profile: PromptProfile,
    expires_at: float,
    seed: int = 0,
) -> EvaluationRequest:
    """Ask for evaluations; titles and history are already cut to what a prompt can show.

    Parameters
    ----------
    request_id, user_id
        Of the pending request.
    candidates
        Article id, title and category of each; an id given twice counts once.
    profile
        What is known of the user; of the history the newest 20 are sent.
    expires_at
        Wall-clock epoch seconds after which nobody reads the answer.
    seed
        For the assignment of letters.

    Examples
    --------
    >>> request = evaluation_request(
    ...     request_id="r1",
    ...     user_id="u1",
    ...     candidates=[("a1", "Tax plan", "politics"), ("a1", "Tax plan", "politics")],
    ...     profile=PromptProfile(history=tuple(f"title {i}" for i in range(30))),
    ...     expires_at=100.0,
    ... )
    >>> len(request.candidates), request.profile.history[0]
    (1, 'title 10')
    """
    distinct: dict[str, CandidateText] = {}
    for article_id, title, category in candidates:
        if article_id not in distinct:
            distinct[article_id] = CandidateText(
                article_id=article_id, title=inert(title), category=inert(category)
            )
    history = tuple(inert(title) for title in profile.history[-MAX_HISTORY:])
    return EvaluationRequest(
        request_id=request_id,
        user_id=user_id,
        candidates=tuple(distinct.values()),
        profile=PromptProfile(
            role=profile.role,
            fields=profile.fields,
            collections=profile.collections,
            interests=profile.interests,
            history=history,
        ),
        expires_at=expires_at,
        seed=seed,
    )
