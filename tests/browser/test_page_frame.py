"""What holds for all views: keyboard, themes, keys, a stream that breaks, slow answers, many."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from cherryrec.codec import decode
from cherryrec.events import ArticlePublished, Click, Recommendation, instant
from tests.browser.conftest import Tab
from tests.browser.page_world import PageWorld

READ, SEND, ADMIN = (name * 16 for name in "rsa")
OpenTab = Callable[..., Tab]


@pytest.fixture
def locked_world() -> Iterator[PageWorld]:
    keys = {"read_keys": (READ,), "send_keys": (SEND,), "admin_keys": (ADMIN,)}
    with PageWorld(**keys) as running:
        yield running


def test_tabs_are_walked_with_arrow_keys_and_skipped_with_a_link(
    world: PageWorld, open_tab: OpenTab
) -> None:
    page = open_tab(world).go("now")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "panel"
    page.focus("#tab-now")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#tab-ranking[aria-selected=true]")
    assert page.evaluate("document.activeElement.id") == "tab-ranking"
    page.keyboard.press("End")
    page.wait_for_selector("#tab-play[aria-selected=true]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#tab-now[aria-selected=true]")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_theme_is_chosen_and_stays(world: PageWorld, open_tab: OpenTab) -> None:
    page = open_tab(world, color_scheme="light").go("now")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)

    page.click("#theme")
    page.click("#theme")
    dark = page.evaluate(paper)
    page.reload()

    assert dark != light
    assert page.evaluate(paper) == dark
    assert page.inner_text("#theme") == "Theme: dark"


def test_a_key_is_asked_for_once_and_kept_in_the_tab(
    locked_world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(locked_world)
    page = tab.go_nowhere()
    page.fill("#key", READ)
    page.get_by_role("button", name="Go on").click()

    page.wait_for_selector(".state[data-is=live]")
    tab.go("stories")
    tab.wait_for("No clicks yet")
    assert page.locator("dialog").count() == 0
    assert page.evaluate("Object.keys(localStorage).join()") == "cherryrec-theme"


def test_a_key_that_may_not_is_told_so(locked_world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(locked_world)
    tab.is_trouble_expected = True  # the browser notes a refused call
    page = tab.go_nowhere()
    page.fill("#key", SEND)
    page.get_by_role("button", name="Go on").click()

    tab.wait_for("may not do this")


def test_the_question_for_a_key_can_be_left_and_asked_for_again(
    locked_world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(locked_world)
    tab.is_trouble_expected = True  # the browser notes a refused call
    page = tab.go_nowhere()
    page.fill("#key", "half a k")
    page.keyboard.press("Escape")

    tab.wait_for("Nothing can be shown without a key")
    assert page.evaluate("sessionStorage.getItem('cherryrec-key')") is None
    assert page.evaluate("document.activeElement.id") == "panel"
    for view in ("ranking", "reader/U1", "why-not/U1/A1"):
        tab.go(view)
    page.get_by_text("No answer.").or_(page.locator(".problem")).first.wait_for()
    page.wait_for_timeout(700)  # longer than the first pause of a stream that tries again
    assert page.locator("dialog").count() == 0
    assert page.inner_text("#state-text") == "No key"

    page.get_by_role("button", name="Give a key").press("Enter")
    page.get_by_role("button", name="Without a key").click()
    assert page.evaluate("document.activeElement.innerText") == "Give a key"
    page.get_by_role("button", name="Give a key").click()
    page.fill("#key", READ)
    page.keyboard.press("Enter")

    page.wait_for_selector(".state[data-is=live]")
    assert page.locator("#banner").is_hidden()
    assert page.evaluate("document.activeElement.id") == "panel"


def test_a_wrong_key_is_told_and_forgotten(locked_world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(locked_world)
    tab.is_trouble_expected = True  # the browser notes a refused call
    page = tab.go_nowhere()
    page.fill("#key", "x" * 16)
    page.keyboard.press("Enter")

    tab.wait_for("The gateway does not know that key")
    page.keyboard.press("Escape")

    tab.wait_for("Nothing can be shown without a key")
    page.wait_for_timeout(700)  # longer than the first pause of a stream that tries again
    assert page.locator("dialog").count() == 0
    assert page.evaluate("sessionStorage.getItem('cherryrec-key')") is None


def test_a_press_that_the_key_may_not_asks_each_time_and_keeps_the_key(
    locked_world: PageWorld, open_tab: OpenTab
) -> None:
    article = ArticlePublished(article_id="a", title="One to pull", category="sport")
    locked_world.publish("articles", article)
    click = Click(event_id="e", user_id="U1", article_id="a", clicked_at=instant(time.time()))
    locked_world.publish("clicks", click)
    tab = open_tab(locked_world)
    tab.is_trouble_expected = True  # the browser notes a refused call
    page = tab.go_nowhere()
    page.fill("#key", READ)
    page.keyboard.press("Enter")
    tab.go("stories")
    page.get_by_role("button", name="Pull One to pull").first.click()
    page.get_by_role("button", name="Pull the story").click()

    for again in ("Try again", "Keep it"):
        tab.wait_for("may not do this")
        page.keyboard.press("Escape")
        page.wait_for_selector(".problem")
        page.get_by_role("button", name=again).click()
    page.wait_for_selector("dialog", state="detached")
    assert page.evaluate("sessionStorage.getItem('cherryrec-key')") == READ
    page.wait_for_selector(".state[data-is=live]")


KEYED = """(turns) => import("/page/dom.js").then(({ h, keyed }) => {
    const place = h("div"), seen = [];
    document.body.append(place);
    for (const turn of turns) {
        keyed(place, [...turn], (name) => name, (name) => h("button", {}, name), () => {});
        if (!seen.length) place.firstChild.focus();
        seen.push([...place.children].map((one) => one.textContent).join(""));
    }
    return [seen, document.activeElement.textContent];
})"""


def test_a_list_stands_in_its_order_with_its_focus_and_grows_by_nothing(
    fresh_world: PageWorld, open_tab: OpenTab
) -> None:
    page = open_tab(fresh_world).go("why-not")
    turns = ["abcd", "bcda", "dacb", "aab", "aab", "aaab", "bacd", "xby", "a", "", "abba"]

    shown, focused = page.evaluate(KEYED, turns[:7])
    assert (shown, focused) == (turns[:7], "a")
    shown, _ = page.evaluate(KEYED, turns)
    assert shown == turns


def test_an_address_that_cannot_be_read_is_taken_as_it_is(
    fresh_world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(fresh_world)
    page = tab.go("reader/100%")

    assert page.input_value("#user") == "100%"


def test_a_gateway_that_ends_leaves_what_was_there_and_says_so(open_tab: OpenTab) -> None:
    with PageWorld() as running:
        running.fill(minutes=3, n_articles=40, n_readers=5)
        tab = open_tab(running)
        tab.is_trouble_expected = True  # the browser notes each try
        page = tab.go("now")
        page.wait_for_selector("tbody tr")

    tab.wait_for("What you see is how it stood")
    assert "judged by the language model" in tab.text()


def test_a_kafka_that_is_away_is_told(fresh_world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(fresh_world)
    tab.go("now")
    fresh_world.gateway.gates.close("connected", "Kafka has not answered for 9 s")

    tab.wait_for("The gateway waits for Kafka: Kafka has not answered for 9 s")
    fresh_world.gateway.gates.open("connected")
    tab.page.wait_for_selector("#banner", state="hidden")


def test_groups_that_cannot_be_asked_for_are_told_with_the_reason(
    fresh_world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(fresh_world)
    page = tab.go("now")
    tab.wait_for("10.0.0.6")
    known = fresh_world.watch.groups
    reason = "AttributeError: no coordinator"
    fresh_world.watch.groups = msgspec.structs.replace(known, failure=reason)

    tab.wait_for(f"Kafka could not be asked: {reason}")
    assert "10.0.0.6" in tab.text()
    assert page.locator("#banner").is_hidden()


def test_a_click_that_kafka_does_not_take_is_told_and_tried_again(
    world: PageWorld, open_tab: OpenTab
) -> None:
    tab = open_tab(world)
    tab.is_trouble_expected = True  # the browser notes the 503
    page = tab.go("play")
    page.wait_for_selector(".playing button")
    world.kafka.fails_with = "Kafka must acknowledge within 5 s, it has not"
    page.locator(".playing button").first.click()
    tab.wait_for("Kafka must acknowledge within 5 s")

    world.kafka.fails_with = ""
    page.get_by_role("button", name="Try again").click()

    page.wait_for_selector(".problem", state="detached")
    assert page.locator(".playing button").count() == 10


def test_a_slow_answer_is_waited_for(world: PageWorld, open_tab: OpenTab) -> None:
    tab = open_tab(world)
    page = tab.page
    page.route("**/v1/recommendations", lambda route: (time.sleep(1.5), route.continue_()))
    tab.go("play")

    tab.wait_for("Asking for a slate")
    page.wait_for_selector(".playing button")


def test_ten_thousand_users_do_not_slow_it(open_tab: OpenTab) -> None:
    with PageWorld() as running:
        running.fill(minutes=10, n_readers=2)
        now_s = time.time()
        ids = [one.article_id for one in running.articles]
        kept = running.gateway.slates.of("U1")
        assert kept is not None
        slate = decode(Recommendation, kept.value)
        slates, clicks = [], []
        for number in range(10_000):
            user = f"many{number}"
            slates.append(msgspec.structs.replace(slate, request_id=user, user_id=user))
            clicks.append(
                Click(
                    event_id=user,
                    user_id=user,
                    article_id=ids[number % len(ids)],
                    clicked_at=instant(now_s),
                )
            )
        running.publish("recommendations", *slates)
        running.publish("clicks", *clicks)
        tab = open_tab(running)

        page = tab.go("reader/many9999")
        page.wait_for_selector(".place")
        tab.go("stories")
        page.wait_for_selector(".story")
        tab.go("now")
        tab.wait_for("10,0")

        assert len(running.gateway.slates) >= 10_000
        tab.close()
