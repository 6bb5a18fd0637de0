"""What an administrator has to see to."""

from __future__ import annotations

from attrs import frozen

from mailgate.facts.fact import Fact


@frozen(kw_only=True)
class Unavailable(Fact):
    """A maildrop or the accounts cannot be used as they are; `reason` says what an administrator has to see to."""

    session: str
    user: str  # before the login, what the client said
    where: str
    reason: str


@frozen(kw_only=True)
class Failed(Fact):
    """Something unexpected happened; `error` is the id under which the log has the traceback."""

    error: str
    session: str
    where: str
    reason: str
