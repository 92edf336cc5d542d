"""Inquiries: what an editor asks about one user, answered from the state as it is.

An inquiry is no request: it goes through the same selection, features and scores, and leaves
nothing behind, no exposure, no counter, no example, no trial, not even a row of the catalogue.
`answering` is the way of one, `subject` the request that it stands for, `parts` what it may leave
out; `profile` and `why_not` make their answers, `words` says them, `limit` bounds the time that
all of them take.
"""

from __future__ import annotations

from cherryrec.inquiries.answering import inquire, over_limit, refused_inquiry
from cherryrec.inquiries.limit import InquiryLimit
from cherryrec.inquiries.parts import check_parts, served_parts

__all__ = [
    "InquiryLimit",
    "check_parts",
    "inquire",
    "over_limit",
    "refused_inquiry",
    "served_parts",
]
