"""Windows end when both topics have passed them, in order, each once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cherryrec.pipeline.windows import Windows

TIMES = st.floats(0.0, 100.0)


@given(
    st.lists(TIMES, max_size=20),
    st.lists(st.tuples(st.sampled_from(["impressions", "clicks"]), TIMES), max_size=20),
)
def test_a_window_ends_once_when_the_slower_topic_has_passed_it(
    ends: list[float], reached: list[tuple[str, float]]
) -> None:
    windows = Windows()
    for number, end in enumerate(ends):
        windows.open(f"u{number}", ends_s=end)
    newest = {"impressions": 0.0, "clicks": 0.0}
    found: list[str] = []
    for topic, time in reached:
        windows.reach(topic, time)
        newest[topic] = max(newest[topic], time)
        found += windows.ended()

        slower = min(newest.values())
        assert windows.reached_s == slower
        assert windows.newest_s == max(newest.values())
        assert sorted(found) == sorted(f"u{k}" for k, end in enumerate(ends) if end < slower)


def test_windows_end_in_the_order_of_their_ends() -> None:
    windows = Windows()
    for user, end in (("late", 3.0), ("early", 1.0), ("middle", 2.0), ("early", 1.5)):
        windows.open(user, ends_s=end)
    windows.reach("clicks", 10.0)
    assert list(windows.ended()) == []

    windows.reach("impressions", 10.0)

    assert list(windows.ended()) == ["early", "early", "middle", "late"]
