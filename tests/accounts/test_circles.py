"""Nodes that lead back to themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.circles import on_circles


def made(graph: str) -> dict[str, list[str]]:
    """Such as "ab bc c": a leads to b, b to c, c nowhere."""
    return {word[0]: list(word[1:]) for word in graph.split()}


def test_nodes_on_circles() -> None:
    assert on_circles(made("")) == {}
    assert on_circles(made("ab bc c")) == {}
    assert on_circles(made("aa")) == {"a": "a"}
    assert on_circles(made("ab bc ca")) == {"a": "c", "b": "a", "c": "b"}


def test_what_leads_into_a_circle_or_out_of_it_or_between_two_is_on_none() -> None:
    assert on_circles(made("xa ab bam mc cd dcz z")) == {"a": "b", "b": "a", "c": "d", "d": "c"}


def test_the_first_before_it_is_named_and_itself_before_all() -> None:
    assert on_circles(made("ca ba abc"))["a"] == "c"
    assert on_circles(made("ba aab")) == {"a": "a", "b": "a"}


def test_a_long_way_takes_no_long_time() -> None:
    count = 20_000
    ring = {str(node): [str((node + 1) % count)] for node in range(count)}
    assert len(on_circles(ring)) == count
    chain = {str(node): [str(min(node + 1, count))] for node in range(count)}
    assert on_circles({**chain, str(count): []}) == {}


NODES = "abcdef"


@given(st.fixed_dictionaries({node: st.lists(st.sampled_from(NODES), max_size=3) for node in NODES}))
def test_on_a_circle_is_what_reaches_itself(graph: dict[str, list[str]]) -> None:
    reach = {node: set(graph[node]) for node in NODES}
    for _ in NODES:
        reach = {node: reached.union(*(reach[each] for each in reached)) for node, reached in reach.items()}
    before = on_circles(graph)
    assert set(before) == {node for node in NODES if node in reach[node]}
    for node, previous in before.items():
        assert node in graph[previous]
        assert previous == node or previous in reach[node]
