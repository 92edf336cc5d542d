"""The request that an inquiry stands for: whose it is, as of when, and what is changed of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cherryrec.events import Click, Inquiry, RecommendationRequest, instant, seconds
from cherryrec.exposures import note_clicked, unclicked
from cherryrec.inquiries.parts import without_parts
from cherryrec.knrs import Observe
from cherryrec.open_requests import OpenRequests
from cherryrec.pipeline import Pipeline, Position, Preview
from cherryrec.pipeline.preview import preview
from cherryrec.pipeline.times import as_of
from cherryrec.profile import Profile, apply_click
from cherryrec.reader import Reader

__all__ = ["Subject", "subject_of"]

APART_S = 60.0
"""How far apart the reads of another history are taken to be, and how long ago the last."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An inquiry before the pipeline that it is subject of.

    Parameters
    ----------
    pipeline
        What answers.
    inquiry
        As it came.
    request
        The request of now that it stands for, as of a time as a request's is.
    profile, requests
        All that is known of the user; empty for one who was erased after the inquiry had come.
    unknown
        Articles that the inquiry names and no message has come of.
    history
        The other history without these; None where the user keeps their own.
    """

    pipeline: Pipeline
    inquiry: Inquiry
    request: RecommendationRequest
    profile: Profile
    requests: OpenRequests
    unknown: tuple[str, ...]
    history: tuple[str, ...] | None

    @property
    def is_changed(self) -> bool:
        """Whether anything is subject to be other than it is."""
        return self.history is not None or bool(self.inquiry.without)

    def reader(self, *, is_changed: bool = False) -> Reader:
        """Return the user, or one with the other history and no click besides, resolved."""
        catalogue, history = self.pipeline.catalogue, self.history
        exposures = self.requests.exposures
        if not is_changed or history is None:
            return Reader.of(self.profile, catalogue, exposures)
        now = seconds(self.request.requested_at)
        exposures = unclicked(exposures)
        for key in catalogue.keys(catalogue.known_rows(history)).tolist():
            exposures = note_clicked(exposures, key, now)
        profile = _with_history(self.profile, history, now=now, pipeline=self.pipeline)
        return Reader.of(profile, catalogue, exposures)

    def preview(self, *, is_changed: bool = False, observe: Observe | None = None) -> Preview:
        """Answer the request as things are, or with the other history and without the parts.

        `observe` is told what was considered of the whole catalogue.

        Raises
        ------
        BadMessage
            A part has no such name.
        """
        pipeline = self.pipeline
        models, without = pipeline.models, self.inquiry.without if is_changed else ()
        knrs, features = without_parts(pipeline.config, without)
        if features:
            models = replace(models, scorer=models.scorer.without(features))
        return preview(
            pipeline.catalogue,
            self.reader(is_changed=is_changed),
            pipeline.slates,
            self.request,
            config=knrs,
            models=models,
            co_reads=pipeline.co_reads,
            trials=pipeline.config.trials,
            observe=observe,
        )


def subject_of(pipeline: Pipeline, at: Position, inquiry: Inquiry) -> Subject:
    """Return what an inquiry asks of a pipeline, as it stands now.

    Parameters
    ----------
    pipeline
        Of the partition's owner.
    at
        Where the inquiry stood.
    inquiry
        Its id stands for a request's, so that ties and trials fall the same way each time.
    """
    catalogue = pipeline.catalogue
    named = (*(inquiry.candidates or ()), *inquiry.exclude, *(inquiry.history or ()))
    unknown = tuple(a for a in dict.fromkeys(named) if not catalogue.knows(a))
    history = inquiry.history
    if history is not None:
        history = tuple(a for a in history if a not in unknown)
    request = RecommendationRequest(
        request_id=inquiry.inquiry_id,
        user_id=inquiry.user_id,
        requested_at=inquiry.asked_at,
        slate_size=inquiry.slate_size,
        candidates=inquiry.candidates,
        exclude=inquiry.exclude,
    )
    request = as_of(request, catalogue.reached_s, arrived_s=at.arrived_s)
    profile, requests = Profile(), OpenRequests()
    if not pipeline.erasures.covers(at.partition, inquiry.user_id, at.arrived_s):
        user = pipeline.users.load(at.partition, inquiry.user_id)
        profile, requests = user.profile, user.requests
    return Subject(pipeline, inquiry, request, profile, requests, unknown, history)


def _with_history(
    profile: Profile, articles: Sequence[str], *, now: float, pipeline: Pipeline
) -> Profile:
    """Return what the site says of a user, with these clicks and no others."""
    changed = Profile(
        role=profile.role,
        fields=profile.fields,
        collections=profile.collections,
        updated_s=profile.updated_s,
    )
    for number, article_id in enumerate(articles):
        click = Click(
            event_id=f"{number}",
            user_id="",
            article_id=article_id,
            clicked_at=instant(now - APART_S * (len(articles) - number)),
        )
        changed, _ = apply_click(
            changed,
            click,
            offset=number,
            config=pipeline.config.profile,
            embed=pipeline.catalogue.embedding,
            topics=pipeline.catalogue.topics,
        )
    return changed
