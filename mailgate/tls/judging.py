"""Is a pair that can be used one that clients will be content with? What this says is told; it never keeps mail out.

A fault is a reason not to swap a good certificate for this one; a remark is told and no more.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from mailgate.faults import Fault
from mailgate.tls.names import ByName
from mailgate.tls.pair import Pair


def faults_of(pair: Pair, now: float) -> tuple[Fault, ...]:
    """Why clients refuse it at `now`, Unix time."""
    return (*_dates(pair, now), *_order(pair))


def remarks_on(pair: Pair, now: float) -> tuple[Fault, ...]:
    """What somebody should see to."""
    return (*_completeness(pair), *_intermediates(pair, now), *_privacy(pair))


def remarks_on_names(pairs: Sequence[Pair], hostname: str) -> tuple[Fault, ...]:
    """What is odd about the names of all pairs; the first is the main one."""
    return (*_hostname(pairs, hostname), *_never_asked_for(pairs[1:]))


def names_missing(pairs: Sequence[Pair], hostname: str) -> tuple[Fault, ...]:
    """Why clients that ask for `hostname` refuse all of these."""
    return tuple(_hostname(pairs, hostname)) if pairs else ()


def remarks_on_host(pair: Pair, hostname: str) -> tuple[Fault, ...]:
    """Why clients that ask for `hostname` refuse it; empty: that does not matter."""
    return tuple(_hostname([pair], hostname))


def day(seconds: float) -> str:
    """A Unix time, for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _dates(pair: Pair, now: float) -> Iterator[Fault]:
    if now < pair.not_before:
        yield Fault(pair.files.certificate, f"is not valid before {day(pair.not_before)}", "is the clock right?")
    if now > pair.not_after:
        yield Fault(pair.files.certificate, f"has expired: it was valid until {day(pair.not_after)}", "renew it")


def _order(pair: Pair) -> Iterator[Fault]:
    """Each is signed by the next (RFC 5246 7.4.2); RFC 8446 4.4.2 lets servers be careless, and clients still mind."""
    for number, (certificate, issuer) in enumerate(pairwise(pair.chain), 1):
        if not _signed_by(certificate, issuer):
            yield Fault(
                pair.files.certificate,
                f"certificate {number + 1} ({issuer.subject.rfc4514_string()}) has not signed certificate {number} "
                f"({certificate.subject.rfc4514_string()})",
                "our own certificate comes first, then the one that signed it, and so on",
            )


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except UnsupportedAlgorithm:
        return certificate.issuer == issuer.subject  # as far as can be told
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Did nobody else sign it?"""
    return certificate.issuer == certificate.subject and _signed_by(certificate, certificate)


def _completeness(pair: Pair) -> Iterator[Fault]:
    if len(pair.chain) == 1 and not is_self_signed(pair.certificate):
        issuer = pair.certificate.issuer.rfc4514_string()
        yield Fault(
            pair.files.certificate,
            f"has no chain: many clients do not know {issuer}, which signed it",
            "take the full chain, such as fullchain.pem instead of cert.pem",
        )


def _intermediates(pair: Pair, now: float) -> Iterator[Fault]:
    for number, certificate in enumerate(pair.chain[1:], 2):
        if now > certificate.not_valid_after_utc.timestamp():
            name = certificate.subject.rfc4514_string()
            yield Fault(pair.files.certificate, f"certificate {number} of the chain ({name}) has expired")


def _privacy(pair: Pair) -> Iterator[Fault]:
    if pair.key_mode & (stat.S_IROTH | stat.S_IWOTH):
        what = (
            "can be read by everybody on this machine"
            if pair.key_mode & stat.S_IROTH
            else "can be overwritten by everybody on this machine"
        )
        yield Fault(pair.files.key, what, f"chmod o= {pair.files.key}")


def _hostname(pairs: Sequence[Pair], hostname: str) -> Iterator[Fault]:
    if hostname and not ByName([(pair.dns_names, pair) for pair in pairs]).has(hostname):
        main = pairs[0]
        yield Fault(
            main.files.certificate,
            f"is not for the hostname {hostname}, but for {', '.join(main.names)}",
            "servers and clients that check will not trust it",
        )


def _never_asked_for(pairs: Sequence[Pair]) -> Iterator[Fault]:
    for pair in pairs:
        if not pair.dns_names:
            yield Fault(pair.files.certificate, "has no DNS name, so no client can ask for it")
