"""The messages of every topic, typed and validated.

`inputs` are a site's, `outputs` what it reads, `inquiries` what is asked about a user, `internal`
and `weights` what the parts tell each other.

The structs here are the one definition: the codec decodes into them, the JSON Schemas and the
AsyncAPI document are generated from them.
"""

from __future__ import annotations

from cherryrec.events.base import Event, instant, seconds
from cherryrec.events.inputs import (
    MAX_CANDIDATES,
    ArticlePublished,
    Click,
    Impression,
    ProfileUpdate,
    RecommendationRequest,
)
from cherryrec.events.inquiries import (
    Compared,
    Fate,
    Inquiry,
    InquiryAnswer,
    InquiryKind,
    InquiryOutcome,
    Interest,
    ReadArticle,
    ReaderProfile,
    Standing,
    WhatIf,
    WhyNot,
)
from cherryrec.events.internal import (
    ArticleActivity,
    CandidateText,
    Contrast,
    CoRead,
    Deadline,
    Evaluation,
    EvaluationRequest,
    Example,
    FeatureColumn,
    FeedbackTick,
    ModelSnapshot,
    Origin,
    PackedArray,
    PromptProfile,
    Shadow,
    SlateLabelled,
    TitleVector,
    TopicEpoch,
)
from cherryrec.events.outputs import (
    OTHERS,
    DeadLetter,
    Degraded,
    Recommendation,
    Recommended,
    Rung,
    Stage,
)
from cherryrec.events.weights import LoraPublished

__all__ = [
    "MAX_CANDIDATES",
    "OTHERS",
    "ArticleActivity",
    "ArticlePublished",
    "CandidateText",
    "Click",
    "CoRead",
    "Compared",
    "Contrast",
    "DeadLetter",
    "Deadline",
    "Degraded",
    "Evaluation",
    "EvaluationRequest",
    "Event",
    "Example",
    "Fate",
    "FeatureColumn",
    "FeedbackTick",
    "Impression",
    "Inquiry",
    "InquiryAnswer",
    "InquiryKind",
    "InquiryOutcome",
    "Interest",
    "LoraPublished",
    "ModelSnapshot",
    "Origin",
    "PackedArray",
    "ProfileUpdate",
    "PromptProfile",
    "ReadArticle",
    "ReaderProfile",
    "Recommendation",
    "RecommendationRequest",
    "Recommended",
    "Rung",
    "Shadow",
    "SlateLabelled",
    "Stage",
    "Standing",
    "TitleVector",
    "TopicEpoch",
    "WhatIf",
    "WhyNot",
    "instant",
    "seconds",
]
