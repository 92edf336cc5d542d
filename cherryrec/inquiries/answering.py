"""The way of an inquiry: from the question to its answer, and nothing else follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import msgspec

from cherryrec.events import (
    Inquiry,
    InquiryAnswer,
    InquiryOutcome,
    ReaderProfile,
    Recommended,
    WhyNot,
)
from cherryrec.inquiries.profile import reader_profile
from cherryrec.inquiries.subject import Subject, subject_of
from cherryrec.inquiries.why_not import why_not
from cherryrec.pipeline import Effects, Pipeline, Position, Send, refused_fields

__all__ = ["inquire", "over_limit", "refused_inquiry"]

TITLE_LETTERS = 200
"""How much of a title is in an answer."""


def inquire(
    pipeline: Pipeline,
    at: Position,
    inquiry: Inquiry,
    *,
    waited_s: float = 0.0,
    late_after_s: float = inf,
) -> Effects:
    """Answer an inquiry from the state as it is, and leave all of it as it was.

    Parameters
    ----------
    pipeline
        Of the partition's owner.
    at
        Where the inquiry stood.
    inquiry
        The question.
    waited_s
        How long it lay at the broker, in seconds.
    late_after_s
        From how long on nobody is taken to wait for the answer any more, in seconds.

    Raises
    ------
    BadMessage
        It names a part to be left out that there is not.
    """
    if waited_s > late_after_s:
        reason = (
            f"the inquiry lay {waited_s:.0f} s before it was read, and after {late_after_s:g} s "
            "nobody is taken to wait for it (stream.inquiry_late_s): ask again"
        )
        return Effects("late", [_send(_unanswered(inquiry, "too_late", reason), at)])
    with pipeline.catalogue.looked_at():
        subject = subject_of(pipeline, at, inquiry)
        answer = _answer(subject)
    return Effects(sends=[_send(answer, at)])


def over_limit(inquiry: Inquiry, at: Position, *, share: float, wait_s: float) -> Effects:
    """Answer an inquiry for which there is no time now: when to ask again.

    Parameters
    ----------
    inquiry, at
        The question, and where it stood.
    share
        How much of the time inquiries may take.
    wait_s
        Seconds until there is time again.
    """
    reason = (
        f"inquiries may take {share:.0%} of this worker's time (stream.inquiry_share), and have: "
        f"ask again in {wait_s:.1f} s"
    )
    answer = _unanswered(inquiry, "over_limit", reason)
    answer = msgspec.structs.replace(answer, retry_after_s=round(wait_s, 3))
    return Effects("unchanged", [_send(answer, at)])


def refused_inquiry(raw: bytes | None, reason: str, *, arrived_s: float) -> Send | None:
    """Return the answer to an inquiry that is none; None where it says not whose.

    Parameters
    ----------
    raw
        The value as it came.
    reason
        Why it was refused.
    arrived_s
        When it arrived, which stands for a time that cannot be read.

    Examples
    --------
    >>> raw = b'{"inquiry_id": "q1", "user_id": "u1", "kind": "why"}'
    >>> answer = refused_inquiry(raw, "Invalid enum value 'why' - at `$.kind`", arrived_s=0.0)
    >>> answer.key, answer.event.inquiry_id, answer.event.outcome
    ('u1', 'q1', 'refused')
    """
    found = refused_fields(raw, "inquiry_id", "asked_at", arrived_s=arrived_s)
    if found is None:
        return None
    inquiry_id, user_id, asked_at = found
    answer = InquiryAnswer(
        inquiry_id=inquiry_id,
        user_id=user_id,
        asked_at=asked_at,
        outcome="refused",
        reason=reason[:2_000],
    )
    return Send("inquiry-answers", user_id, answer)


def _answer(subject: Subject) -> InquiryAnswer:
    inquiry = subject.inquiry
    answer = InquiryAnswer(
        inquiry_id=inquiry.inquiry_id,
        user_id=inquiry.user_id,
        asked_at=subject.request.requested_at,
        outcome="answered",
        unknown=subject.unknown,
    )
    if inquiry.kind == "profile":
        profile = reader_profile(subject)
        return _titled(msgspec.structs.replace(answer, profile=profile), subject)
    if inquiry.kind == "why_not":
        found, got = why_not(subject)
        now = got.recommendation
        answer = msgspec.structs.replace(answer, why_not=found)
    else:
        now = subject.preview().recommendation
        if subject.is_changed:
            changed = subject.preview(is_changed=True).recommendation
            answer = msgspec.structs.replace(
                answer, changed=changed.slate, changed_stage=changed.stage
            )
    answer = msgspec.structs.replace(
        answer, slate=now.slate, stage=now.stage, versions=now.versions
    )
    return _titled(answer, subject)


def _titled(answer: InquiryAnswer, subject: Subject) -> InquiryAnswer:
    """Add the titles of all articles that an answer names."""
    catalogue = subject.pipeline.catalogue
    named = dict.fromkeys(
        (
            *_of_slate(answer.slate),
            *_of_slate(answer.changed),
            *_of_profile(answer.profile),
            *_of_standings(answer.why_not),
            *(subject.inquiry.history or ()),
        )
    )
    titles = {}
    for article_id in named:
        row = catalogue.row_of.get(article_id)
        title = "" if row is None else catalogue.titles[row]
        if title:
            titles[article_id] = title[:TITLE_LETTERS]
    return msgspec.structs.replace(answer, titles=titles)


def _of_slate(slate: tuple[Recommended, ...] | None) -> Iterable[str]:
    return (item.article_id for item in slate or ())


def _of_profile(profile: ReaderProfile | None) -> Iterable[str]:
    return (past.article_id for past in (profile.history if profile else ()))


def _of_standings(found: WhyNot | None) -> Iterable[str]:
    if found is None:
        return ()
    standings = [one for one in (found.kept, found.ranked) if one is not None]
    return (found.article_id, *(one.other_id for one in standings if one.other_id))


def _unanswered(inquiry: Inquiry, outcome: InquiryOutcome, reason: str) -> InquiryAnswer:
    return InquiryAnswer(
        inquiry_id=inquiry.inquiry_id,
        user_id=inquiry.user_id,
        asked_at=inquiry.asked_at,
        outcome=outcome,
        reason=reason,
    )


def _send(answer: InquiryAnswer, at: Position) -> Send:
    return Send("inquiry-answers", answer.user_id, answer, at.partition)
