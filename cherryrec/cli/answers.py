"""The answers to inquiries as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cherryrec.events import InquiryAnswer, Interest, Recommended, Stage, Standing
from cherryrec.pipeline.waterfall import STAGES

__all__ = ["profile_lines", "what_if_lines", "why_not_lines"]

_REASONS = 3


def profile_lines(answer: InquiryAnswer) -> Iterator[str]:
    """Yield what is known of a reader."""
    profile = answer.profile
    assert profile is not None, "an inquiry for a profile is answered by one"
    if not profile.is_known:
        yield f"{answer.user_id} is not known: never seen, or erased"
        return
    yield f"{answer.user_id}: {profile.role or 'no role is said'}"
    for name, words in (("fields", profile.fields), ("collections", profile.collections)):
        if words:
            yield f"{name}: {', '.join(words)}"
    yield (
        f"reads: {profile.n_clicks:,}, the last {_when(profile.clicked_at)}; slates shown: "
        f"{profile.n_slates:,}, the last {_when(profile.shown_at)}"
    )
    kinds = (("category", profile.categories), ("subcategory", profile.subcategories))
    for name, interests in kinds:
        for interest in interests:
            yield f"  {name} {_interest(interest)}"
    if profile.history:
        yield f"the newest {len(profile.history)} of the last {profile.n_history} reads:"
    for past in profile.history:
        dwell = "" if past.dwell_s is None else f", {past.dwell_s:.0f} s"
        when = "sent by the site" if past.clicked_at is None else _when(past.clicked_at)
        yield f"  {_named(past.article_id, answer)}, {when}{dwell}"


def what_if_lines(answer: InquiryAnswer) -> Iterator[str]:
    """Yield a slate as it is, and as it would be."""
    if answer.unknown:
        yield f"left out, as no message of them has come: {', '.join(answer.unknown)}"
    now = answer.slate or ()
    yield f"as it is, by {_ranked_by(answer.stage)}:"
    for item in now:
        yield f"  {_item(item, answer)}"
    if answer.changed is None:
        return
    before = {item.article_id: item.position for item in now}
    yield f"as it would be, by {_ranked_by(answer.changed_stage)}:"
    for item in answer.changed:
        place = before.pop(item.article_id, None)
        moved = "new" if place is None else _moved(place - item.position)
        yield f"  {_item(item, answer)}: {moved}"
    if before:
        yield f"no longer: {', '.join(_named(article_id, answer) for article_id in before)}"


def why_not_lines(answer: InquiryAnswer) -> Iterator[str]:
    """Yield where an article fell out, and beside what."""
    found = answer.why_not
    assert found is not None, "an inquiry of why not is answered by one"
    yield f"{_named(found.article_id, answer)}: {found.sentence}"
    if found.kept is not None:
        yield from _standing("among the live articles that KnRS looked at", found.kept, answer)
        if found.is_within_reach is False:
            yield "    a first, coarse look had left it out"
    if found.ranked is not None:
        yield from _standing("among those that were ranked", found.ranked, answer)


def _standing(where: str, standing: Standing, answer: InquiryAnswer) -> Iterator[str]:
    yield (
        f"  {where}: {standing.rank} of {standing.n}, {standing.n_places} go on; its value is "
        f"{standing.value:+.4f}"
    )
    if standing.other_id is None or standing.other_value is None:
        return
    yield f"    beside {_named(standing.other_id, answer)}, {standing.other_value:+.4f}:"
    width = max((len(one.name) for one in standing.compared), default=0)
    for one in standing.compared:
        makes = "" if one.difference is None else f", makes {one.difference:+.4f}"
        yield f"    {one.name:{width}}  {one.own:+.4f} beside {one.other:+.4f}{makes}"


def _item(item: Recommended, answer: InquiryAnswer) -> str:
    largest = sorted(item.contributions.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    reasons = ", ".join(f"{name} {value:+.2f}" for name, value in largest[:_REASONS])
    trial = ", on trial" if item.is_trial else ""
    place = f"{item.position + 1}. {_named(item.article_id, answer)}"
    return f"{place}, {item.score:+.3f}{trial}{f' ({reasons})' if reasons else ''}"


def _interest(interest: Interest) -> str:
    text = f"{interest.name}: {interest.n_reads:,} read, {interest.share:.0%}"
    text += f", lift {interest.lift:+.2f}"
    if interest.n_clicks is None or interest.n_expected is None:
        return text
    return (
        f"{text}; opened {interest.n_clicks:g} of what was shown, chance {interest.n_expected:.1f}"
    )


def _ranked_by(stage: Stage | None) -> str:
    return STAGES[stage] if stage else "nothing, as no article was live"


def _moved(n: int) -> str:
    return "the same place" if n == 0 else f"{'up' if n > 0 else 'down'} {abs(n)}"


def _named(article_id: str, answer: InquiryAnswer) -> str:
    title = answer.titles.get(article_id)
    return f"{article_id} “{title}”" if title else article_id


def _when(time: datetime | None) -> str:
    return "never" if time is None else time.isoformat(timespec="seconds")
