"""A gateway's files, and what is explained by them, without a gateway."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zope.interface import implementer

from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.directory import Directory
from mailgate.accounts.domains import Domains
from mailgate.accounts.spelling import DEFAULT_SPELLING, Spelling
from mailgate.explaining.explainer import Explainer
from mailgate.explaining.letter import Question
from mailgate.explaining.story import Explanation, Step, Topic
from mailgate.explaining.surroundings import Surroundings
from mailgate.faults import Fault
from mailgate.interfaces import IMessageHandler, IRecipientPolicy, IRehearsal
from mailgate.mail import Envelope, Message, Verdict
from mailgate.mail import Path as Mailbox
from mailgate.pipeline import Step as Judge
from mailgate.store.maildir.store import MaildirStore
from mailgate.sweeping.schedule import Schedule
from tests.store.support import NODE, at_once
from tests.support import MESSAGE_ID, path, result_of

NOW = 1_700_000_000.0  # 2023-11-14
ALICE, BOB = "alice@example.test", "bob@example.test"
USERS = "alice:{PLAIN}x\nbob:{PLAIN}x\n"


class House:
    """The accounts and the mail of one gateway in a directory."""

    def __init__(
        self,
        directory: Path,
        files: Mapping[str, str] | None = None,
        default: Decisions = NOTHING_SAID,
        spelling: Spelling = DEFAULT_SPELLING,
    ) -> None:
        """`files` by their paths below `domains/`."""
        self.directory = directory
        self.faults: list[Fault] = []
        (directory / "domains").mkdir()
        for name, text in (files or {"example.test/users": USERS}).items():
            self.write(name, text)
        accounts = str(directory / "domains")
        self.domains = Domains(accounts, self.faults.append, lambda: 0.0, spelling=spelling, default=default)
        self.domains.load()
        self.store = MaildirStore(str(directory / "mail"), NODE, at_once)

    def write(self, name: str, text: str) -> None:
        """A file of accounts."""
        file = self.directory / "domains" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def put(self, user: str, messages: int, octets: int = 100) -> None:
        """Messages of so many octets on the wire, in a maildrop of example.test."""
        new = self.directory / "mail" / "example.test" / user / "new"
        new.mkdir(parents=True)
        for number in range(messages):
            (new / f"{int(NOW)}.{number}.elsewhere,S={octets},W={octets}").write_bytes(b"x" * octets)

    def surroundings(self, **other: Any) -> Surroundings:
        """What an explanation is made from."""
        known: dict[str, Any] = {
            "hostname": "mx.example.test",
            "directory": Directory(self.domains, "mx.example.test"),
            "rulebook": self.domains,
            "domains": self.domains,
            "usage": self.store.usage,
            "place": lambda name: str(self.directory / "mail" / name.partition("@")[2] / name.partition("@")[0]),
            "schedule": Schedule(str(self.directory / "sweeps.json")),
            "now": lambda: NOW,
            "new_id": lambda: MESSAGE_ID,
        }
        return Surroundings(**{**known, **other})

    def explain(self, address: str, content: bytes | None = None, **other: Any) -> Explanation:
        """What is said of an address, at once: nothing waits."""
        question = Question(path(address), content=content)
        return result_of(Explainer(self.surroundings(**other)).explain(question))

    def everything(self) -> dict[str, tuple[int, bytes]]:
        """Every file there is, with its content: what must not change."""
        found: dict[str, tuple[int, bytes]] = {}
        for where, directories, files in os.walk(self.directory):
            for name in (*directories, *files):
                file = Path(where, name)
                found[str(file)] = (file.stat().st_mtime_ns, file.read_bytes() if file.is_file() else b"")
        return found


def of(explanation: Explanation, topic: Topic) -> list[Step]:
    """The steps about one thing."""
    return [step for step in explanation.steps if step.topic == topic]


def one(explanation: Explanation, topic: Topic) -> Step:
    """The only step about it."""
    (step,) = of(explanation, topic)
    return step


@implementer(IMessageHandler)
class Silent:
    """A handler that cannot be asked."""

    def handle(self, message: Message) -> Verdict:
        raise AssertionError("only a message that comes is handled")


@implementer(IRehearsal)
class Rehearsing(Silent):
    """A handler that can: it says what `answer` gives or raises."""

    def __init__(self, answer: Callable[[Message], Any]) -> None:
        self.rehearse = answer


@implementer(IRecipientPolicy)
class Policy:
    """A policy that cannot be asked."""

    def check_recipient(self, envelope: Envelope, path: Mailbox) -> None:
        raise AssertionError("only a recipient that comes is checked")


@implementer(IRehearsal)
class RehearsingPolicy(Policy):
    """A policy that can."""

    def __init__(self, answer: Callable[[Message], Any]) -> None:
        self.rehearse = answer


def saying(answer: Callable[[Message], Any], name: str = "judge", **settings: Any) -> Judge:
    """A handler's place in the pipeline."""
    return Judge(name, Rehearsing(answer), **settings)


def raising(error: BaseException) -> Callable[[Message], Any]:
    """An answer that raises it."""

    def answer(message: Message) -> Any:
        raise error

    return answer
