"""What was asked, as a digest: a recorded evaluation answers its own question and no other."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from cherryrec.events import EvaluationRequest

__all__ = ["question_digest"]

_HEX_DIGITS = 32


def question_digest(request: EvaluationRequest) -> str:
    """Return 32 hexadecimal digits of SHA-256 over user, candidates, profile and seed.

    The order of the candidates is no part of it: they are the same question in any order of their
    news values, and letters are dealt by a seed. Nor are request id and deadline.

    Parameters
    ----------
    request
        The question.

    Examples
    --------
    >>> from cherryrec.events import CandidateText, PromptProfile
    >>> texts = [CandidateText(article_id=a, title=f"Title of {a}") for a in "ab"]
    >>> asked = EvaluationRequest(
    ...     request_id="r1", user_id="u1", candidates=tuple(texts), profile=PromptProfile(),
    ...     expires_at=0.0)
    >>> digest = question_digest(asked)
    >>> replace = msgspec.structs.replace
    >>> later = replace(asked, candidates=tuple(texts[::-1]), request_id="r2", expires_at=9.0)
    >>> question_digest(later) == digest
    True
    >>> question_digest(replace(asked, profile=PromptProfile(history=("Storm",)))) == digest
    False
    """
    candidates = sorted((one.article_id, one.title, one.category) for one in request.candidates)
    asked = (request.user_id, candidates, request.profile, request.seed)
    return sha256(msgspec.json.encode(asked)).hexdigest()[:_HEX_DIGITS]
