"""What the tests of the journal share: facts of a message's life, a journal in a directory, and what it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve

from mailgate import facts
from mailgate.facts import Fact
from mailgate.journal.files import Files, segments
from mailgate.journal.lines import line_of
from mailgate.journal.question import Question
from mailgate.journal.search import Found, search
from mailgate.mail import make_id

T = TypeVar("T")
DAY = 86_400.0
NOW = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
ALICE, BOB = "alice@example.test", "bob@example.test"
SENDER = "Sender@example.org"


def id_at(seconds: float, number: int = 0) -> str:
    """A message's or session's id, made at that time."""
    return make_id(int(seconds * 1000), number)


def accepted(message: str = "", at: float = NOW, **values: Any) -> facts.Accepted:
    known: dict[str, Any] = {
        "session": id_at(at, 99),
        "client": "192.0.2.1",
        "sender": SENDER,
        "recipients": (ALICE,),
        "octets": 123,
        "reply_sent": True,
        "discarded": False,
        "message_id": "one@example.org",
        "listener": "smtp",
        "helo": "mx.example.org",
        "tls": "TLSv1.3 X",
    }
    return facts.Accepted(at=at, message=message or id_at(at), **{**known, **values})


def handled(message: str, at: float = NOW, **values: Any) -> facts.Handled:
    known: dict[str, Any] = {"handler": "loop-guard", "result": "passed", "detail": "", "seconds": 0.0}
    return facts.Handled(at=at, message=message, **{**known, **values})


def delivered(message: str, at: float = NOW, recipient: str = ALICE, *maildrops: str) -> facts.Delivered:
    where = maildrops or (recipient,)
    copies = tuple(f"/mail/{maildrop}/new/1" for maildrop in where)
    return facts.Delivered(at=at, message=message, recipient=recipient, maildrops=where, copies=copies)


def fetched(message: str, at: float = NOW, user: str = ALICE, uid: str = "u1") -> facts.Fetched:
    return facts.Fetched(at=at, session="pop", user=user, message=message, uid=uid, octets=9, client="198.51.100.7")


def deleted(message: str, at: float = NOW, user: str = ALICE, uid: str = "u1") -> facts.Deleted:
    return facts.Deleted(at=at, session="pop", user=user, message=message, uid=uid, client="198.51.100.7")


def refused(message: str, phase: str = "rcpt", at: float = NOW, **values: Any) -> facts.CommandRefused:
    known: dict[str, Any] = {
        "session": id_at(at, 99),
        "client": "192.0.2.1",
        "sender": SENDER,
        "recipient": "nobody@example.test",
        "reply": "550 5.1.1 No",
        "listener": "smtp",
    }
    return facts.CommandRefused(at=at, message=message, phase=phase, **{**known, **values})


def write(directory: Path, told: Iterable[Fact], max_octets: int = 1 << 30, keep_days: int = 3650) -> None:
    """A journal of these facts, each written at its own time."""
    files = Files(str(directory), max_octets, keep_days)
    for fact in told:
        files.append(line_of(fact), fact.at)


def ask(directory: Path, what: str, since: float = 0.0, limit: int = 20) -> Found:
    return search(str(directory), Question(what), since, limit)


def story(found: Found) -> list[tuple[str, list[str]]]:
    """The ids of the lives, and what happened in each."""
    return [(life.id, [event["what"] for event in life.events]) for life in found.lives]


def names(directory: Path) -> list[str]:
    """The files of a journal, oldest first."""
    return [Path(segment.path).name for segment in segments(str(directory))]


def content(directory: Path) -> bytes:
    """All that stands in it."""
    return b"".join(Path(segment.path).read_bytes() for segment in segments(str(directory)))


def later(fact: Fact, seconds: float) -> Fact:
    return evolve(fact, at=fact.at + seconds)


async def at_once(work: Callable[[], T], /) -> T:
    """An offload without a thread."""
    return work()
