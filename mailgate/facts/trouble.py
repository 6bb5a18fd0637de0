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


@frozen(kw_only=True)
class CertificateChanged(Fact):
    """A renewed certificate is shown from now on."""

    certificate: str  # the file
    names: tuple[str, ...]
    serial: str  # hexadecimal
    not_after: float  # Unix time, seconds


@frozen(kw_only=True)
class CertificateRefused(Fact):
    """What is now in the files of a certificate is not shown; the one from before is. `reason` has the files."""

    certificate: str  # the file
    reason: str


@frozen(kw_only=True)
class CertificateExpires(Fact):
    """A certificate that is shown has few days left, or none."""

    certificate: str  # the file
    names: tuple[str, ...]
    not_after: float  # Unix time, seconds
    days: int  # whole ones; below 0: it has expired
