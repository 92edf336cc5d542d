"""The words that made-up headlines are built from; no name in here is anyone's.

Each topic lists who acts (one person or thing, without an article) and what they do (a verb in
the present, third person singular), so that any actor and any action make a sentence. Each category
has its half-life, as news of one kind ages faster than of another, and the events that break.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CATEGORIES", "PEOPLE", "PLACES", "TAILS", "Category", "Topic"]


class Topic(NamedTuple):
    """A subcategory: its name, who acts in it, and what they do."""

    name: str
    actors: tuple[str, ...]
    actions: tuple[str, ...]


class Category(NamedTuple):
    """A section of the paper: how fast it ages, what breaks in it, its topics."""

    name: str
    half_life_h: float
    events: tuple[str, ...]
    topics: tuple[Topic, ...]


def _topic(name: str, actors: str, actions: str) -> Topic:
    """Return a topic from lists written with semicolons."""
    return Topic(name, tuple(actors.split("; ")), tuple(actions.split("; ")))


CATEGORIES = (
    Category(
        "politics",
        8.0,
        ("snap election", "cabinet resignation", "budget vote", "ministry leak"),
        (
            _topic(
                "parliament",
                "opposition leader; coalition partner; finance minister; young deputy; speaker",
                "calls for a new vote; rejects the budget draft; proposes a shorter term; "
                "loses a key ally; defends the tax plan; walks out of the debate",
            ),
            _topic(
                "cityhall",
                "mayor; district council; planning office; deputy mayor; citizens' assembly",
                "approves the tram line; delays the bridge repair; opens its books; "
                "cuts parking fees; promises cheaper housing; bans fireworks in the old town",
            ),
            _topic(
                "diplomacy",
                "foreign envoy; peace mediator; border commission; trade delegation; ambassador",
                "signs a fishing treaty; breaks off the talks; reopens a closed crossing; "
                "hosts a surprise summit; asks for more time; returns with a draft accord",
            ),
        ),
    ),
    Category(
        "sport",
        4.0,
        ("cup final", "stadium evacuation", "doping case", "record transfer"),
        (
            _topic(
                "football",
                "veteran goalkeeper; young striker; relegated club; head coach; women's team",
                "wins the derby; signs for a rival; misses two penalties; extends the contract; "
                "breaks a scoring record; drops out with a knee injury",
            ),
            _topic(
                "cycling",
                "climbing specialist; sprint champion; amateur rider; team captain; race doctor",
                "takes the mountain stage; crashes on the last descent; wears the leader's jersey; "
                "quits before the time trial; attacks on the cobbles; tests a lighter frame",
            ),
            _topic(
                "tennis",
                "unseeded player; former champion; doubles pair; left-handed teenager; umpire",
                "reaches the semifinal; saves five match points; skips the clay season; "
                "splits with a long-time trainer; wins in straight sets; argues over a line call",
            ),
        ),
    ),
    Category(
        "business",
        10.0,
        ("bank failure", "factory closure", "merger bid", "rate decision"),
        (
            _topic(
                "markets",
                "central bank; pension fund; small investor; bond trader; copper price",
                "surprises the analysts; holds steady; slips after a strong week; "
                "bets on lower rates; recovers its losses; warns of a cooling economy",
            ),
            _topic(
                "companies",
                "family brewery; furniture maker; shipping group; bakery chain; battery start-up",
                "moves its headquarters; hires two hundred apprentices; doubles its profit; "
                "recalls a popular product; sells its oldest plant; tries a four-day week",
            ),
            _topic(
                "housing",
                "first-time buyer; landlord association; timber builder; rent index; cooperative",
                "faces higher costs; wins in court; reaches a ten-year low; "
                "asks for simpler permits; turns offices into flats; drops the annual increase",
            ),
        ),
    ),
    Category(
        "technology",
        24.0,
        ("network outage", "data breach", "chip shortage", "satellite failure"),
        (
            _topic(
                "gadgets",
                "folding phone; hearing aid; cheap tablet; kitchen robot; smart lock",
                "lasts three days on a charge; fails the drop test; learns to whisper; "
                "gets its price cut; repairs itself overnight; disappoints the testers",
            ),
            _topic(
                "software",
                "open-source browser; chess program; language model; map service; tax app",
                "beats its own benchmark; loses its maintainer; ships a long-awaited update; "
                "forgets old passwords; drops support for old phones; explains its answers",
            ),
            _topic(
                "energy",
                "tidal plant; solar village; wind farm; heat pump; hydrogen ferry",
                "feeds the grid for the first time; halves its emissions; waits for spare parts; "
                "divides the neighbours; pays for itself; runs through the winter storm",
            ),
        ),
    ),
    Category(
        "science",
        48.0,
        ("comet sighting", "volcano eruption", "lab fire", "fossil find"),
        (
            _topic(
                "space",
                "lunar probe; radio telescope; student satellite; retired astronaut; mars rover",
                "hears a faint signal; finds ice below the dust; sends its last picture; "
                "maps a hidden crater; survives a solar storm; returns with samples",
            ),
            _topic(
                "nature",
                "grey wolf; beaver colony; honeybee; migrating stork; river otter",
                "returns after a century; changes its route; builds where nobody expected it; "
                "thrives in the suburbs; puzzles the biologists; gets a protected corridor",
            ),
            _topic(
                "history",
                "bronze-age ring; sunken trader; royal diary; stone circle; lost manuscript",
                "turns up in an attic; rewrites a chapter of trade; is older than thought; "
                "goes on display; divides the experts; reveals a forgotten recipe",
            ),
        ),
    ),
    Category(
        "culture",
        36.0,
        ("museum theft", "festival cancellation", "prize scandal", "theatre fire"),
        (
            _topic(
                "film",
                "debut director; silent comedy; documentary crew; stunt double; animated short",
                "wins over the jury; opens to empty seats; gets a second season; "
                "films in one single take; turns down the sequel; divides the critics",
            ),
            _topic(
                "music",
                "brass band; reclusive singer; city orchestra; street drummer; opera house",
                "releases a winter album; plays for free; sells out in minutes; "
                "revives a forgotten score; cancels the tour; rehearses in a car park",
            ),
            _topic(
                "food",
                "night baker; market cook; sourdough school; village inn; cheese maker",
                "shares a three-step recipe; earns a first star; bans the menu; "
                "swaps butter for barley; feeds a whole street; brings back an old plum",
            ),
        ),
    ),
    Category(
        "health",
        48.0,
        ("water contamination", "hospital strike", "vaccine recall", "heat emergency"),
        (
            _topic(
                "medicine",
                "rural doctor; blood test; night nurse; sleep clinic; generic drug",
                "spots the illness early; works longer than expected; needs more volunteers; "
                "cuts waiting times; passes its final trial; runs short before winter",
            ),
            _topic(
                "fitness",
                "lunch-break runner; balance class; weekend hiker; swimming club; stair challenge",
                "lowers blood pressure; beats the gym; starts small; "
                "keeps a steady pace; finds a surprising rival; shows results in a month",
            ),
            _topic(
                "mind",
                "quiet hour; school counsellor; phone-free camp; grief group; morning walk",
                "eases exam nerves; helps more than advice; finds new fans; "
                "improves memory; reaches shy teenagers; outlasts the trend",
            ),
        ),
    ),
    Category(
        "travel",
        72.0,
        ("airport closure", "rail strike", "ferry accident", "border jam"),
        (
            _topic(
                "rail",
                "night train; branch line; ticket office; steam club; station clock",
                "runs again after decades; adds a sleeping car; arrives on time for a month; "
                "loses its last guard; opens a window seat lottery; links three valleys",
            ),
            _topic(
                "islands",
                "lighthouse keeper; car-free island; ferry captain; salt farm; seal colony",
                "welcomes winter guests; limits day visitors; looks for a successor; "
                "offers a room for a story; reopens the coast path; defies the storm",
            ),
            _topic(
                "weekend",
                "canal boat; mountain hut; old spa; forest tower; flea market",
                "gets a second life; hides a great view; fills up by Thursday; "
                "costs less than a hotel; turns one hundred; surprises the locals",
            ),
        ),
    ),
)

PLACES = (
    "Norrhaven",
    "Velmora",
    "Ostrand",
    "Kesterby",
    "Lindmoor",
    "Brackwell",
    "Tarnhof",
    "Solvik",
    "Merrowdale",
    "Pellina",
    "Harrowgate Bay",
    "Dunmere",
    "Castelune",
    "Arvoss",
    "Quillan",
    "Stonebeck",
    "Ferrin",
    "Oldebrook",
    "Vantry",
    "Isarholm",
)

PEOPLE = (
    "Mara Ellinor",
    "Tobin Varga",
    "Ines Halloway",
    "Oskar Lindqvane",
    "Priya Tamsen",
    "Jonas Weldrick",
    "Amara Folsund",
    "Leo Castrane",
    "Nadia Brekker",
    "Hugo Pellimore",
    "Sena Arkwell",
    "Viktor Ruhlmann",
    "Elsa Norwyn",
    "Davit Karsel",
    "Rosa Tindale",
    "Milo Hastrup",
)

TAILS = (
    "before the weekend",
    "after months of talks",
    "in a surprise move",
    "for the third time",
    "as rivals watch",
    "despite early doubts",
    "within a year",
    "ahead of schedule",
    "under new rules",
    "against all forecasts",
    "with help from volunteers",
    "while prices rise",
)
