"""Which nodes of a graph lie on a circle: its strongly connected components, found in two searches
(Kosaraju).

Linear in nodes and edges, and without recursion: aliases may be as many, and lead on as often, as their files have
room for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def on_circles(graph: Graph) -> dict[str, str]:
    """The nodes from which a way leads back to themselves, each with the node before it on such a way: the first that
    there is in the graph's order, itself where it leads to itself. Every node that is led to must be in the graph.
    """
    component = _components(graph)
    before: dict[str, str] = {}
    for node, successors in graph.items():
        for successor in successors:
            if successor == node:
                before[node] = node
            elif component[successor] == component[node]:
                before.setdefault(successor, node)
    return before


def _components(graph: Graph) -> dict[str, str]:
    """The component of each node, named by one of its nodes."""
    backwards: dict[str, list[str]] = {node: [] for node in graph}
    for node, successors in graph.items():
        for successor in successors:
            backwards[successor].append(node)
    component: dict[str, str] = {}
    for root in reversed(_in_order_of_leaving(graph)):
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node not in component:
                component[node] = root
                waiting.extend(backwards[node])
    return component


def _in_order_of_leaving(graph: Graph) -> list[str]:
    """All nodes, each behind those that a search in depth enters from it."""
    entered: set[str] = set()
    left: list[str] = []
    waiting = [(node, False) for node in reversed(list(graph))]
    while waiting:
        node, leaving = waiting.pop()
        if leaving:
            left.append(node)
        elif node not in entered:
            entered.add(node)
            waiting.append((node, True))
            waiting.extend((successor, False) for successor in graph[node])
    return left
