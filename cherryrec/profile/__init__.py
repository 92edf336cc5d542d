"""User profiles: what the site said of a user, what they clicked, and where it points.

`state` is the stored form, `update` how events change it, pure functions both.
"""

from __future__ import annotations

from cherryrec.profile.category_records import counts_of
from cherryrec.profile.config import ProfileConfig
from cherryrec.profile.state import PastClick, Profile, decode_profile, encode_profile, name_key
from cherryrec.profile.update import Outcome, apply_click, apply_update, weight_of

__all__ = [
    "Outcome",
    "PastClick",
    "Profile",
    "ProfileConfig",
    "apply_click",
    "apply_update",
    "counts_of",
    "decode_profile",
    "encode_profile",
    "name_key",
    "weight_of",
]
