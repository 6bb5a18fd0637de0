"""Would a client be let in? As far as can be seen without counting it."""

from __future__ import annotations

from typing import Final

from mailgate.clients import network_of
from mailgate.explaining.story import Part, Step
from mailgate.explaining.surroundings import Limits
from mailgate.explaining.words import counted, listed
from mailgate.mail import Reply

# RFC 5321 3.1, 4.2.3: as it stands in front of the listeners.
TOO_MANY: Final = Reply(421, "4.7.0", "Too many connections, try again later")


def visit(client: str, limits: Limits) -> Part:
    """For a client's IP address, or "local". How many came within the last minute is not known, and so not judged."""
    if limits.exempt.contains(client):
        return Part((_step(client, "yes: it has no limits of its own", where="limits.exempt"),))
    network, detail = network_of(client), _allowed(limits)
    if limits.admission is None:
        return Part((_step(client, "yes, if it keeps to the limits", detail),))
    own, total = limits.admission.clients.get(network, 0), limits.admission.total
    there = f"{counted(own, 'connection')} of its own now, {total} in all"
    full = limits.connections_per_client and own >= limits.connections_per_client
    if full or (limits.admission.most and total >= limits.admission.most):
        return Part((_step(client, f"not now: {there}", detail, "limits"),), TOO_MANY, f"{client} has {there}")
    return Part((_step(client, f"yes: {there}", detail, "limits"),))


def _step(client: str, answer: str, detail: str = "", where: str = "") -> Step:
    return Step(topic="client", question=f"Is {client} let in?", answer=answer, detail=detail, where=where)


def _allowed(limits: Limits) -> str:
    bounds = (
        (limits.connections_per_client, "connections at a time"),
        (limits.connections_per_minute, "new ones a minute"),
        (limits.connections, "connections of all clients"),
    )
    told = [f"{most} {what}" for most, what in bounds if most]
    return f"the limits are {listed(told)}" if told else "there are no limits"
