"""How open requests lie in their store: one small record a user, one of frozen features a request.

Every click may change a user's record, and nothing ever changes what was frozen but the
evaluations that rank it. Both lie in one partition of one store: what is frozen is written before
the record that names it, and deleted after it, so that a crash between the two leaves a record
whose features are all there, and at most features that no record names (`Attribution.restore`
drops them).
"""

from __future__ import annotations

import msgspec

from cherryrec.codec import LATEST
from cherryrec.errors import StateError
from cherryrec.events import seconds
from cherryrec.open_requests import Frozen, OpenRequests
from cherryrec.text import SENTENCE_DIMENSIONS

__all__ = [
    "REACHED_KEY",
    "VERSION",
    "decode_frozen",
    "decode_open",
    "decode_reached",
    "encode_frozen",
    "encode_open",
    "encode_reached",
    "erasure_key",
    "from_first_version",
    "frozen_key",
    "is_erasure_key",
    "is_first_version",
    "is_of_a_user",
    "owner_of",
    "user_key",
]

VERSION = 2
"""Of a user's record. The first version had no number, and every request's features inside."""

_NUL = "\0"

REACHED_KEY = f"{_NUL}t"
"""Key of the event time that a partition has reached, which is of no user."""

_NOTHING = OpenRequests()
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, OpenRequests])
_reached_decoder = msgspec.msgpack.Decoder(tuple[float, float])
_frozen_decoder = msgspec.msgpack.Decoder(Frozen)

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)
_LATEST_S = seconds(LATEST)

_Columns = tuple[Frozen, ...]
_ARTICLES, _DROPPED = 3, 6  # first and last place of what is frozen, in the first version


def user_key(user_id: str) -> str:
    r"""Return the key of a user's record: the id, but where it begins as other keys do.

    Examples
    --------
    >>> user_key("U1"), user_key("\0U1")
    ('U1', '\x00u\x00U1')
    """
    return f"{_NUL}u{user_id}" if user_id.startswith(_NUL) else user_id


def frozen_key(user_id: str, request_id: str) -> str:
    r"""Return the key of what is frozen of a request; whatever the ids, no two have one.

    Examples
    --------
    >>> frozen_key("U1", "r1")
    '\x002:U1r1'
    """
    return f"{_NUL}{len(user_id)}:{user_id}{request_id}"


def erasure_key(digest: bytes) -> str:
    r"""Return the key of an erased user's marker, which names nobody (`pipeline.erasures`).

    Examples
    --------
    >>> erasure_key(b"\xab")
    '\x00eab'
    """
    return f"{_NUL}e{digest.hex()}"


def is_erasure_key(key: str) -> bool:
    """Whether a key is of a marker, and not of open requests."""
    return key.startswith(f"{_NUL}e")


def is_of_a_user(key: str) -> bool:
    """Whether a key is of a user's record or of what is frozen, and of nothing else that lies here.

    Examples
    --------
    >>> is_of_a_user("U1"), is_of_a_user(frozen_key("U1", "r1")), is_of_a_user(REACHED_KEY)
    (True, True, False)
    """
    return not is_erasure_key(key) and key != REACHED_KEY


def owner_of(key: str) -> tuple[str, str | None]:
    """Return whose a key is: the user, and the request; None for the user's own record.

    Examples
    --------
    >>> owner_of(user_key("U1")), owner_of(frozen_key("U1", "r1"))
    (('U1', None), ('U1', 'r1'))
    """
    if not key.startswith(_NUL):
        return key, None
    if key.startswith(f"{_NUL}u"):
        return key[2:], None
    length, _, ids = key[1:].partition(":")
    return ids[: int(length)], ids[int(length) :]


def encode_open(state: OpenRequests) -> bytes | None:
    """Return the stored form of a user's record, MessagePack; None, which deletes, for nothing."""
    if state == _NOTHING:
        return None
    return _encoder.encode((VERSION, state))


def decode_open(raw: bytes | None) -> OpenRequests:
    """Return the inverse of `encode_open`.

    Raises
    ------
    StateError
        The bytes are no open requests, or of another version.
    """
    if raw is None:
        return OpenRequests()
    try:
        version, state = _decoder.decode(raw)
    except _UNREADABLE as error:
        msg = f"stored open requests must be MessagePack of version {VERSION}: {error}"
        raise StateError(msg) from error
    if version != VERSION:
        msg = f"stored open requests must be of version {VERSION}, got {version!r}"
        raise StateError(msg)
    return _checked(state)


def encode_reached(impressions_s: float, clicks_s: float) -> bytes:
    """Return the stored form of the event times that a partition has reached, MessagePack."""
    return _encoder.encode((impressions_s, clicks_s))


def decode_reached(raw: bytes) -> tuple[float, float]:
    """Return the inverse of `encode_reached`.

    Raises
    ------
    StateError
        The bytes are no two times, or such that there cannot be.
    """
    try:
        times = _reached_decoder.decode(raw)
    except _UNREADABLE as error:
        msg = f"stored event times of a partition must be MessagePack of two numbers: {error}"
        raise StateError(msg) from error
    if not all(0.0 <= time_s < _LATEST_S for time_s in times):
        msg = f"stored event times of a partition must lie before 2100, got {times!r}"
        raise StateError(msg)
    return times


def encode_frozen(frozen: Frozen) -> bytes:
    """Return the stored form of what is frozen of a request, MessagePack."""
    return _encoder.encode(frozen)


def decode_frozen(raw: bytes) -> Frozen:
    """Return the inverse of `encode_frozen`.

    Raises
    ------
    StateError
        The bytes are nothing that was frozen.
    """
    try:
        frozen = _frozen_decoder.decode(raw)
    except _UNREADABLE as error:
        msg = f"stored features must be MessagePack of their fields: {error}"
        raise StateError(msg) from error
    return _fitting(frozen)


def is_first_version(raw: bytes) -> bool:
    """Whether a user's record is of the first version: an array of four, a later one is of two."""
    return raw.startswith(b"\x94")


def from_first_version(raw: bytes) -> tuple[OpenRequests, dict[str, Frozen]]:
    """Read a user's record of the first version: the record, and what is frozen by request id.

    Clicks that it kept until their impression comes are left out.

    Raises
    ------
    StateError
        The bytes are no such record.
    """
    try:
        entries, _early, *rest = msgspec.msgpack.decode(raw)
        small = [[*entry[:_ARTICLES], *entry[_DROPPED + 1 :]] for entry in entries]
        state = msgspec.convert([small, [], *rest], OpenRequests)
        frozen = msgspec.convert([entry[_ARTICLES : _DROPPED + 1] for entry in entries], _Columns)
    except (*_UNREADABLE, TypeError, IndexError) as error:
        msg = f"stored open requests of the first version cannot be read: {error}"
        raise StateError(msg) from error
    ids = [entry.request_id for entry in state.entries]
    return _checked(state), dict(zip(ids, map(_fitting, frozen), strict=True))


def _checked(state: OpenRequests) -> OpenRequests:
    """Refuse times that there cannot be, and exposures that are cut."""
    times = [entry.requested_s for entry in state.entries]
    times += [entry.shown_s for entry in state.entries if entry.shown_s is not None]
    if not state.exposures.is_whole or not all(0.0 <= time_s < _LATEST_S for time_s in times):
        msg = (
            "stored open requests must hold whole records of exposures and times before 2100, got "
            f"{len(state.exposures.articles)} and {len(state.exposures.categories)} bytes and "
            f"{times!r}"
        )
        raise StateError(msg)
    return state


def _fitting(frozen: Frozen) -> Frozen:
    """Refuse arrays that do not fit their articles."""
    n = len(frozen.articles)
    drawn = [one for one in (frozen.others, frozen.rivals) if one is not None]
    rows = {
        "features": (n, frozen.features),
        "metrics": (n, frozen.metrics),
        "signals": (n, frozen.signals),
        **{f"signals drawn {k}": (len(c.articles), c.signals) for k, c in enumerate(drawn)},
    }
    numbers = {
        "scores": (n, frozen.scores),
        **{f"scores drawn {k}": (len(c.articles), c.scores) for k, c in enumerate(drawn)},
    }
    if frozen.shadow is not None:
        numbers |= {"ranks": (n, frozen.shadow.ranks), "places": (n, frozen.shadow.places)}
    wrong = [
        *(one for one, (m, raw) in rows.items() if (len(raw) % (4 * m) if m else raw)),
        *(one for one, (m, raw) in numbers.items() if len(raw) not in {0, 4 * m}),
        *(["sources"] if len(frozen.sources) not in {0, n} else []),
        *(["reader"] if len(frozen.reader) not in {0, 2 * SENTENCE_DIMENSIONS} else []),
    ]
    if wrong:
        msg = f"stored features must be whole rows for {n} articles, {', '.join(wrong)} are not"
        raise StateError(msg)
    return frozen
