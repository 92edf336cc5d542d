"""What each contribution to a score is about, in words that a reader of news understands.

A contribution is a number against the slate's average: what it says is whether something speaks for
an article or against it, and how much. The phrases here say what that something is, one for each
column of `blocks` and each signal of KnRS, and nothing of its value.
"""

from __future__ import annotations

from cherryrec.events import OTHERS
from cherryrec.features.blocks import BLOCKS
from cherryrec.knrs import SIGNALS

__all__ = ["PHRASES", "group_of", "sentence"]

_LIVES = {
    "10m": "the last ten minutes",
    "1h": "the last hour",
    "6h": "the last six hours",
    "24h": "the last day",
}
_LIKE = {
    "interest": "what this reader usually opens",
    "recent_30": "the last thirty stories this reader opened",
    "recent_5": "the last five stories this reader opened",
    "last": "the story this reader opened last",
    "nearest": "the most alike of this reader's last stories",
    "top_3": "the three most alike of this reader's last stories",
}
_OPENED = "how often it was opened, of the times it was shown in"

_KNRS = {
    "news_value": "its news value, the five metrics of the first stage together",
    "relevance": "how near it is to what this reader reads",
    "credibility": "how far its source is trusted",
    "timeliness": "how fresh it is, for a story of {category}",
    "attention": "how much attention it draws, beside other stories",
    "novelty": "how much is new in it, after earlier stories and this reader's last ones",
}
_READING = {
    **{f"text_{key}": f"how much its text is like {words}" for key, words in _LIKE.items()},
    **{
        f"token_{key}": f"how much the sense of its title is like {words}"
        for key, words in _LIKE.items()
        if key != "interest"
    },
    **{
        f"sentence_{key}": f"how much what its title says is like {words}"
        for key, words in _LIKE.items()
        if key != "interest"
    },
    "sentence_fit": "how well what its title says goes with what this reader opened",
    "sentence_student": "how well what its title says suits this reader, after the language model",
    "text_words": "how many words of its title this reader has met lately",
    "category_lift": "how much more than others this reader opens {category}",
    "category_lift_5": "how much {category} is in this reader's last five stories",
    "category_lift_ever": "how much more than others this reader has ever opened {category}",
    "category_share": "the share of {category} in what this reader opens",
    "category_share_5": "the share of {category} in this reader's last five stories",
    "subcategory_lift": "how much more than others this reader opens its narrower topics",
    "subcategory_lift_5": "how much of its narrower topics is in this reader's last five stories",
    "subcategory_lift_ever": "how much more than others this reader ever opened its topics",
    "subcategory_lift_most": "how much this reader opens the one of its topics that fits best",
    "subcategory_share": "the share of its narrower topics in what this reader opens",
    "subcategory_share_5": "the share of its narrower topics in this reader's last five stories",
    "category_last": "whether the story this reader opened last was of {category}, too",
    "entity_overlap": "whom and what it names that this reader's last stories named, too",
    "is_named": "whether this reader has named its topic as an interest",
    "times_read": "how often this reader has opened this very story",
    "category_preference": "how often this reader chose {category} where there was a choice",
}
_EXPOSURE = {
    "seen_times": "how often this reader was shown it",
    "seen_clicks": "whether this reader opened it since it was shown",
    "seen_lately": "how lately this reader was shown it",
    "seen_today": "whether this reader was shown it today",
    "seen_in_last": "whether it stood in this reader's last slate",
}
_ATTENTION = {
    **{f"ctr_{key}": f"{_OPENED} {words}" for key, words in _LIVES.items()},
    "ctr_all": "how often it was opened, of all the times it was shown",
    **{f"views_{key}": f"how many were shown it in {words}" for key, words in _LIVES.items()},
    **{f"clicks_{key}": f"how many opened it in {words}" for key, words in _LIVES.items()},
    "click_velocity": "how much of its clicks came just now",
    "view_velocity": "how much of its views came just now",
    "ctr_velocity": "whether it is opened more often now than over the day",
    "readers": "how many readers had it in the history they came with",
    "category_ctr_1h": f"how often {{category}} was opened, of the times shown in {_LIVES['1h']}",
    "category_ctr_24h": f"how often {{category}} was opened, of the times shown in {_LIVES['24h']}",
    "category_clicks_24h": "how many opened {category} in the last day",
}
_SLATE = {
    "wins_mean": "how often it was chosen before the stories it stands beside",
    "wins_root": "how clearly it was chosen before all the stories it stands beside",
    "win_share": "the share of times it was chosen before the stories it stands beside",
    "wins_lowest": "how it did against its strongest rival in this slate",
    "wins_surprise": "how surely it was chosen before the stories it stands beside",
    "wins_category": "how often it was chosen before stories of the sections it stands beside",
    "neighbours": "how it did in earlier slates that were much like this one",
    "neighbours_close": "how it did in earlier slates that were almost this one",
}
_ARTICLE = {
    "age": "its age",
    "is_first_shown": "whether nobody has been shown it yet",
}
_LENGTHS = {
    "0": "a reader without a history",
    "1_5": "a reader of one to five stories",
    "6_20": "a reader of six to twenty stories",
    "over_20": "a reader of more than twenty stories",
}
_EVALUATION = {
    "evaluation": "what the language model thinks of it for this reader",
    "has_evaluation": "whether the language model was asked about it",
    "evaluation_logit": "how sure the language model is that this reader will open it",
    **{
        f"evaluation_if_{key}": f"how sure the language model is of it, for {words}"
        for key, words in _LENGTHS.items()
    },
}
_CONTEXT = {
    "context_history": "how much this reader has read",
    "context_slate": "how many stories were to choose from",
    "context_shown": "how much this reader has been shown",
    "context_idle": "how long ago this reader last opened something",
    "context_day_sin": "the time of day",
    "context_day_cos": "the time of day",
}
_SIGNALS = {
    **{name: _KNRS[name] for name in ("relevance", "credibility", "attention", "novelty")},
    "timeliness": _KNRS["timeliness"],
    **{f"views_{key}": _ATTENTION[f"views_{key}"] for key in _LIVES},
    **{f"clicks_{key}": _ATTENTION[f"clicks_{key}"] for key in _LIVES},
    "views_now": "how many are shown it just now",
    "clicks_now": "how many open it just now",
    "clicks_hour": "how many opened it in the last hour",
    **{f"rate_{key}": f"{_OPENED} {_LIVES[key]}" for key in ("10m", "1h", "6h")},
    "age": _ARTICLE["age"],
    "freshness": "how new it is, by the hour",
    "text_interest": _READING["text_interest"],
    "text_nearest": "how much its text is like the last three stories this reader opened",
    "category_lift": _READING["category_lift"],
    "subcategory_lift": _READING["subcategory_lift"],
    "alike": "how many readers of the same stories went on to it",
    "alike_rare": "how many readers of the same rare stories went on to it",
    "session_next": "how many opened it right after the story this reader opened last",
    "session_starts": "how many begin their visit with it just now",
    "session_reads": "how many open it in the course of a visit just now",
    "was_shown": "whether this reader was shown it lately",
}

PHRASES: dict[str, str] = {
    **_KNRS,
    **_READING,
    **_EXPOSURE,
    **_ATTENTION,
    **_SLATE,
    **_ARTICLE,
    **_EVALUATION,
    **_CONTEXT,
    **{f"catalogue_{name}": phrase for name, phrase in _SIGNALS.items()},
    OTHERS: "everything else together",
}
"""Name of a contribution → what it is about, a noun clause; `{category}` is the article's own."""

_GROUPS = {
    **{name: block.name for block in BLOCKS for name in block.names},
    **{f"catalogue_{signal.name}": "catalogue" for signal in SIGNALS},
    OTHERS: OTHERS,
}


def group_of(name: str) -> str:
    """Return the block of a contribution: that of its feature, `catalogue`, or `others`.

    Examples
    --------
    >>> group_of("ctr_1h"), group_of("catalogue_alike"), group_of("others")
    ('attention', 'catalogue', 'others')
    """
    return _GROUPS.get(name, OTHERS)


def sentence(name: str, contribution: float, *, category: str) -> str:
    """Say in a sentence what a contribution does to an article's score.

    A name that is not known, of another version's snapshot, stands for itself.

    Parameters
    ----------
    name
        Of the contribution.
    contribution
        Its share of the score.
    category
        The article's.

    Examples
    --------
    >>> sentence("category_lift", 0.4, category="sport")
    'Lifted by how much more than others this reader opens sport.'
    >>> sentence("ctr_1h", -0.1, category="sport")
    'Held back by how often it was opened, of the times it was shown in the last hour.'
    """
    phrase = PHRASES.get(name, name).replace("{category}", category or "its section")
    return f"{'Lifted' if contribution > 0 else 'Held back'} by {phrase}."
