"""Each view and each action of the page, in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from cherryrec.codec import decode
from cherryrec.events import ArticlePublished, Click, Event, instant
from tests.browser.conftest import DESK, PHONE, Tab
from tests.browser.page_world import PageWorld
from tests.streams.gateway.memory_kafka import Sent

VIEWS = ("now", "ranking", "stories", "reader/U1", "why-not", "play")
OpenTab = Callable[..., Tab]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_fits_both_widths_in_both_themes(
    world: PageWorld, open_tab: OpenTab, scheme: str, size: tuple[int, int]
) -> None:
    tab = open_tab(world, size=size, color_scheme=scheme)
    for view in VIEWS:
        page = tab.go(view)
        page.wait_for_function("() => document.querySelector('main').innerText.length > 40")

        width = page.evaluate("document.documentElement.scrollWidth")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert width <= size[0], view
        assert (min(map(int, re.findall(r"\d+", paper))) < 128) == (scheme == "dark"), view


def test_now_counts_what_comes_while_one_looks(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("now")
    page.wait_for_selector("tbody tr")

    at = instant(time.time())
    for number in range(20):
        click = Click(event_id=f"now{number}", user_id="U1", article_id="none", clicked_at=at)
        world.publish("clicks", click)
    page.wait_for_function(
        """() => [...document.querySelectorAll("tbody tr")]
            .filter((row) => row.innerText.startsWith("clicks") && row.children.length === 4)
            .some((row) => Number(row.children[2].innerText) >= 2)"""
    )
    text = tab.text()
    assert "judged by the language model" in text
    assert "Object missing required field" in text
    assert "0, 1 of 4 topics" in text


def test_ranking_shows_both_orders_weights_and_the_label_delay(
    world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(world)
    page = tab.go("ranking")
    page.wait_for_selector("svg.chart polyline.l2")

    text = tab.text()
    assert "60 s after it was shown" in text
    assert "recent popularity" in text
    assert page.locator("svg.chart").count() == 3
    assert "linear" in text
    assert "timeliness" in text


def test_a_story_is_pulled_after_a_confirmation_and_leaves(
    world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(world)
    page = tab.go("stories")
    story = page.locator(".story").first
    title = story.locator("h3").inner_text()
    story.get_by_role("button", name="Pull").click()

    page.get_by_role("button", name="Keep it").click()
    assert not any(topic == "articles" for topic, _, _ in world.kafka.sent)
    story.get_by_role("button", name="Pull").click()
    page.get_by_role("button", name="Pull the story").click()

    page.get_by_role("heading", name="Pulled lately").wait_for()
    page.locator("section", has_text="Pulled lately").get_by_text(title).first.wait_for()
    page.wait_for_function(
        "t => ![...document.querySelectorAll('.story h3')].some(h => h.innerText === t)", arg=title
    )


def test_the_horizon_is_chosen(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("stories")
    page.get_by_role("button", name="1 hour").click()

    tab.wait_for("over the last 1 hour")
    assert page.get_by_role("button", name="1 hour").get_attribute("aria-pressed") == "true"


def test_a_score_is_read_as_a_waterfall_in_words(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("play")
    page.wait_for_selector(".playing button")
    page.locator(".stage a").click()
    first = page.locator(".place").first
    first.locator("summary").click()

    page.wait_for_selector(".waterfall .fall")
    text = first.inner_text()
    assert "Lifted by " in text
    assert text.count(" by ") >= 4
    shown = [float(x.replace("−", "-")) for x in first.locator(".amount").all_inner_texts()]
    total = first.locator(".total span").last.inner_text().replace("−", "-")
    assert sum(shown) == pytest.approx(float(total), abs=1e-9)


SAID = """([name, value, item, known]) => Promise.all([import("/page/slate.js"),
    fetch("/page/words.json").then((answer) => answer.json())]).then(([slates, words]) =>
        slates.sentence(words.phrases, { name, value }, item, known, 7200))"""

COUNTED = {
    "category": "sport",
    "published_s": 0.0,
    "clicks_1h": 412,
    "views_1h": 2_060,
    "base_1h": 0.1,
    "views_10m": 1,
}


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("clicks_1h", COUNTED, "Lifted by how many opened it in the last hour: 412 did."),
        (
            "catalogue_clicks_hour",
            COUNTED,
            "Lifted by how many opened it in the last hour: 412 did.",
        ),
        ("views_10m", COUNTED, "Lifted by how many were shown it in the last ten minutes: 1 was."),
        (
            "ctr_1h",
            COUNTED,
            "Lifted by how often it was opened, of the times it was shown in the last hour: "
            "412 of 2,060 views, more than most.",
        ),
        ("age", COUNTED, "Lifted by its age: published 2.0 h ago."),
        (
            "evaluation",
            None,
            "Lifted by what the language model thinks of it for this reader: 0.83 of 1.",
        ),
        ("clicks_24h", COUNTED, "Lifted by how many opened it in the last day."),
        ("clicks_1h", None, "Lifted by how many opened it in the last hour."),
    ],
)
def test_a_sentence_tells_the_value_where_it_is_known(
    world: PageWorld, open_tab: OpenTab, name: str, known: dict[str, object] | None, said: str
) -> None:
    page = open_tab(world).go("why-not")
    item = {"article_id": "a", "evaluation": 0.83, "news_value": 0.5}

    assert page.evaluate(SAID, [name, 0.1, item, known]) == said


def test_a_reader_nobody_knows_is_asked_a_slate_for(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("reader/somebody new")
    page.get_by_role("button", name="Ask for one").click()

    page.wait_for_selector(".place")
    assert page.locator(".place").count() == 10


def test_a_profile_tells_interests_and_last_reads(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("reader/U1")
    page.wait_for_selector(".interest")

    text = tab.text()
    assert "Last reads" in text
    assert re.search(r"\d+ clicks?, \d+ slates? shown, last click", text)


def test_what_if_compares_two_slates_and_keeps_nothing(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("reader/U1")
    page.wait_for_selector(".whatif")
    other = " ".join(one.article_id for one in world.articles[:3])
    page.fill("#history", other)
    page.get_by_label("the article's age").check()
    page.get_by_role("button", name="What would it be?").click()

    page.get_by_role("heading", name="As it would be").wait_for()
    assert page.locator("section", has_text="As it would be").locator(".place").count() >= 10
    sent = [topic for topic, _, _ in world.kafka.sent if topic != "inquiries"]
    assert "clicks" not in sent[-1:]


def test_a_what_if_of_an_unknown_article_says_so(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("reader/U1")
    page.wait_for_selector(".whatif")
    page.fill("#history", "never-heard-of")
    page.get_by_role("button", name="What would it be?").click()

    tab.wait_for("No article never-heard-of is known")


def test_why_not_names_the_stage_and_what_it_fell_by(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("why-not")
    page.fill("#what", world.articles[0].article_id)
    page.fill("#who", "U1")
    page.get_by_role("button", name="Why not?").click()

    page.wait_for_selector(".step")
    verdict = page.locator(".verdict").inner_text()
    assert world.articles[0].title in verdict
    assert page.locator(".step.fell, .step.passed").count() >= 1


def test_why_not_of_an_article_nobody_has_heard_of(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("why-not/U1/nothing")

    page.wait_for_selector(".step.fell")
    assert page.locator(".step.fell h3").inner_text() == "Known"


def test_a_reader_is_played_and_the_next_slate_is_another(
    world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(world)
    page = tab.go("play")
    page.wait_for_selector(".playing button")
    before = page.locator(".playing h3").all_inner_texts()

    page.locator(".playing button").nth(2).click()

    tab.wait_for("Your click counts")
    after = page.locator(".playing h3").all_inner_texts()
    assert before[2] not in after
    assert page.locator(".history li span").first.inner_text() == before[2]
    topics = [topic for topic, _, _ in world.kafka.sent]
    assert "impressions" in topics
    assert "clicks" in topics


def test_a_slate_that_changed_without_the_click_is_not_told_as_changed_by_it(
    open_tab: OpenTab,
) -> None:
    with PageWorld(is_demo=True) as world:
        world.fill(minutes=3, n_articles=40, n_readers=5)
        answer = world.kafka.answer

        def without_clicks(sent: Sent) -> Event | None:
            if sent[0] != "clicks":
                return answer(sent)
            world.system.retract(decode(Click, sent[2]).article_id)  # it leaves by itself
            return None

        tab = open_tab(world)
        page = tab.go("play")
        page.wait_for_selector(".playing button")
        world.kafka.answer = without_clicks
        page.locator(".playing button").first.click()

        tab.wait_for("No slate knows of your click yet")
        assert page.locator(".moved.up, .moved.down").count() == 0
        tab.close()


def test_who_opens_a_story_by_the_keyboard_stays_in_the_slate(
    world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(world)
    page = tab.go("play")
    page.wait_for_selector(".playing button")
    page.locator(".playing button").nth(3).press("Enter")

    tab.wait_for("Your click counts")
    assert (
        page.evaluate(
            "[...document.querySelectorAll('.playing button')].indexOf(document.activeElement)"
        )
        == 3
    )


def test_a_player_who_comes_back_has_read_before(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.go("play")
    page.wait_for_selector(".playing button")
    tab.wait_for("Made for someone nobody knows")
    read = page.locator(".playing h3").first.inner_text()
    page.locator(".playing button").first.click()
    tab.wait_for("Your click counts")

    page.reload()

    tab.wait_for("Made for who you are by now")
    assert page.locator(".history li span").first.inner_text() == read


SAME = """([one, other]) => import("/page/slate.js").then((slates) => {
    const slate = (text) => ({ slate: text.split(" ").map((part) => ({
        article_id: part[0], score: Number(part.slice(1).replace("t", "")),
        is_trial: part.endsWith("t") })) });
    return slates.isSameOrder(slate(one), slate(other), "x");
})"""


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("a3 x2 b1", "a3 b1 c0", True),
        ("a3 x2 b1", "b3 a1 c0", False),
        ("a3 b3 x2 c1", "b3 a3 c1 d0", True),
        ("a3 x2 b1 d0t", "a3 b1 c0 e0t", True),
        ("a3 x2 b1 c1", "a3 c1 d1 e0", True),
        ("a3 x2 b1 c0", "a3 c1 b0 d0", False),
    ],
)
def test_trials_and_ties_are_no_other_order(
    world: PageWorld, open_tab: OpenTab, one: str, other: str, is_same: bool
) -> None:
    page = open_tab(world).go("why-not")

    assert page.evaluate(SAME, [one, other]) is is_same


def test_only_a_demo_lets_a_reader_be_played(fresh_world: PageWorld, open_tab: OpenTab) -> None:
    page = open_tab(fresh_world).go("now")

    assert page.locator("[role=tab]").all_inner_texts() == [
        "Now",
        "Ranking",
        "Stories",
        "Reader",
        "Why not",
    ]


def test_a_system_of_which_nothing_came_says_what_to_do(
    fresh_world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(fresh_world)
    for view, said in (
        ("now", "No slate in the last five minutes"),
        ("ranking", "No curve yet"),
        ("stories", "No clicks yet"),
        ("reader", "Whom shall it be?"),
        ("why-not", "An article and a reader"),
    ):
        tab.go(view)
        tab.wait_for(said)


def test_a_title_is_text_whatever_it_holds(world: PageWorld, open_tab: OpenTab) -> None:
    title = "<img src=x onerror=\"document.title='taken'\"><b>bold</b>"
    world.publish("articles", ArticlePublished(article_id="evil", title=title, category="<i>s</i>"))
    for number in range(60):
        click = Click(
            event_id=f"evil{number}", user_id="U1", article_id="evil", clicked_at=instant(1e9)
        )
        world.publish("clicks", click)
    tab = open_tab(world)
    page = tab.go("stories")

    tab.wait_for(title)
    assert page.locator(".story img, .story b, .story i").count() == 0
    assert page.title() == "Stories · CherryRec"
