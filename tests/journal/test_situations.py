"""Where is my mail? Situations of a mail server's day, played by the sessions, delivery and sweeper that a gateway has,
and what the journal then answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from attrs import evolve
from zope.interface import implementer

from mailgate import facts
from mailgate.cli.lives import told
from mailgate.delivery import Delivery
from mailgate.failures import StoreFull
from mailgate.interfaces import IDirectory, IMailStore, IMessageHandler, ISmarthost, IStaged
from mailgate.journal.journal import Journal
from mailgate.journal.search import Found, Life
from mailgate.mail import (
    Copy,
    Destination,
    Discarded,
    Envelope,
    Local,
    Message,
    Refused,
    Relay,
    Reply,
    Session,
    Verdict,
)
from mailgate.mail import Path as Address
from mailgate.pipeline import Step
from mailgate.pop3.report import MaildropReport
from mailgate.rules import Retention, Rules
from mailgate.smtp import events
from mailgate.smtp.personality import Personality
from mailgate.store.memory import MemoryStore
from mailgate.sweeping.sweeper import Sweeper
from tests.journal.support import DAY, NOW, ask
from tests.smtp.support import HOSTNAME, Visit, World, submission
from tests.support import result_of

ALICE, BOB = "alice@example.test", "bob@example.test"
CONTENT = b"Message-ID: <one@example.org>\nSubject: secret plans\n\nhello\n"
FULL = Reply(452, "4.2.2", "The maildrop is full")


@implementer(IDirectory)
class Organisation:
    """alice and bob; info@ is both; at any.test everything is alice's; nobody else."""

    async def resolve(self, path: Address) -> tuple[Destination, ...]:
        if path.domain == "any.test":
            return (Local(ALICE),)
        if path.domain != "example.test":
            return (Relay(path),)
        found = {"alice": (ALICE,), "bob": (BOB,), "info": (ALICE, BOB)}
        return tuple(Local(name) for name in found.get(path.local_part, ()))


@implementer(IMessageHandler)
class Handler:
    def __init__(self, answer: Verdict | Exception) -> None:
        self._answer = answer

    def handle(self, message: Message) -> Verdict:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@implementer(IMailStore)
class NoRoomForBob(MemoryStore):
    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        if any(copy.maildrop == BOB for copy in copies):
            raise StoreFull("no room")
        return await super().stage(message, copies)


@implementer(ISmarthost)
class Smarthost:
    """As `sending.client` does it, without a network."""

    def __init__(self, world: World) -> None:
        self._tell = world.facts.tell

    async def send(self, message: Message, paths: Sequence[Address]) -> Reply:
        reply = Reply(250, "2.0.0", "queued as 4711")
        names = tuple(map(str, paths))
        self._tell(facts.Relayed(message=message.id, smarthost="relay:587", recipients=names, reply=str(reply)))
        return reply


class House:
    """A world with a store, a delivery, a journal and a calendar."""

    def __init__(self, directory: Path, personality: Personality) -> None:
        self.directory = directory
        self.day = 0.0
        self.session = Session("visit", "smtp", "192.0.2.1")
        self.store = MemoryStore(self.now)
        self.world = World(personality, directory=Organisation())
        self.world.facts._now = self.now
        self.world.delivery = Delivery(self.store, self.world.facts, Smarthost(self.world))
        self.journal = Journal(str(directory), 1 << 20, 300, self.now)
        self.world.facts.add(self.journal)
        self.journal.start()

    def now(self) -> float:
        return NOW + self.day * DAY

    def handler(self, name: str, answer: Verdict | Exception) -> None:
        self.world.steps = (*self.world.steps, Step(name, Handler(answer)))

    def send(self, *recipients: str) -> str:
        """A message with these recipients, as far as it gets; the reply to its end."""
        visit = Visit(self.world)
        self.session = visit.session._session
        assert visit.mail().code == 250
        if [visit.rcpt(recipient).code for recipient in recipients].count(250):
            assert visit.say(events.Data()).code == 354
            visit.content(CONTENT)
            answer = visit.answer(events.EndOfContent(None))
            return str(answer)
        return ""

    def trace(self, what: str) -> Found:
        assert self.journal.flush()
        return ask(self.directory, what)

    def life(self, what: str) -> Life:
        """The only life that answers."""
        (life,) = self.trace(what).lives
        return life

    def text(self, what: str) -> str:
        """What is told of it, as if a line had no end."""
        return " ".join(told(self.life(what).as_json(), self.now()).split())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from house_in(tmp_path, Personality(hostname=HOSTNAME))


@pytest.fixture
def lmtp_house(tmp_path: Path) -> Iterator[House]:
    yield from house_in(tmp_path, Personality(hostname=HOSTNAME, lmtp=True, listener="lmtp"))


@pytest.fixture
def submission_house(tmp_path: Path) -> Iterator[House]:
    yield from house_in(tmp_path, submission(relays=True))


def house_in(directory: Path, personality: Personality) -> Iterator[House]:
    house = House(directory, personality)
    yield house
    house.journal.stop()


def whats(life: Life) -> list[str]:
    return [event["what"] for event in life.events]


def test_an_alias(house: House) -> None:
    house.handler("loop-guard", Verdict())
    house.send("info@example.test")
    life = house.life("info@example.test")
    assert whats(life) == ["handled", "delivered", "accepted"]
    assert life.events[1]["maildrops"] == [ALICE, BOB] and len(life.events[1]["copies"]) == 2
    for what in (ALICE, BOB, "sender@example.org", "<one@example.org>", life.id, "visit"):
        assert house.life(what) == life
    text = house.text(life.id)
    assert "from <sender@example.org> to <info@example.test> Message-ID" in text
    assert "came by SMTP from 192.0.2.1 (client.example.org, in clear)" in text
    assert "handler loop-guard: passed" in text
    assert f"delivered to <info@example.test> → {ALICE}, {BOB}" in text and f"{BOB}/memory-2" in text


def test_a_catch_all(house: House) -> None:
    house.send("whatever@any.test")
    assert house.life(ALICE).events[0]["recipient"] == "whatever@any.test"
    assert f"delivered to <whatever@any.test> → {ALICE}" in house.text("whatever@any.test")


def test_over_quota(house: House) -> None:
    async def check(envelope: Envelope, destinations: Sequence[Destination]) -> None:
        if Local(BOB) in destinations:
            raise Refused(FULL)

    house.world.limits = {"check_quotas": check}
    house.send(ALICE, BOB)
    life = house.life(BOB)
    assert whats(life) == ["refused", "delivered", "accepted"]  # one message: alice has it, bob has not
    assert f"refused <{BOB}>: 452 4.2.2 The maildrop is full" in house.text(BOB)
    assert life.events[2]["recipients"] == [ALICE]


def test_refused_by_a_handler(house: House) -> None:
    house.handler("loop-guard", Verdict())
    house.handler("scanner", Refused(Reply(550, "5.7.1", "A virus")))
    assert house.send(ALICE).startswith("550")
    life = house.life("<one@example.org>")
    assert whats(life) == ["handled", "handled", "refused"]
    text = house.text(ALICE)
    assert "handler scanner: refused: 550 5.7.1 A virus" in text
    assert f"refused for <{ALICE}>: 550 5.7.1 A virus" in text and "delivered" not in text


def test_an_unknown_user(house: House) -> None:
    house.send("nobody@example.test")
    life = house.life("nobody@example.test")
    assert (life.kind, whats(life)) == ("message", ["refused"])
    assert house.life("@example.org") == life
    assert "refused <nobody@example.test>: 550 5.1.1 Nobody here has this address" in house.text("nobody@example.test")


def test_discarded(house: House) -> None:
    house.handler("scanner", Discarded("score 17"))
    assert house.send(ALICE).startswith("250")
    text = house.text(ALICE)
    assert "handler scanner: discarded: score 17" in text and f"accepted, and discarded, for <{ALICE}>" in text
    assert whats(house.life(ALICE)) == ["handled", "accepted"]


def test_fetched_and_deleted(house: House) -> None:
    house.send(ALICE)
    (entry,) = result_of(house.store.browse(ALICE)).entries
    session = evolve(house.session, id="pop", listener="pop3", client="198.51.100.7", user=ALICE)
    report = MaildropReport(house.world.facts)
    house.day = 1
    report.fetched(session, entry, entry.octets)
    house.day = 3
    report.deleted(session, entry)
    life = house.life("one@example.org")
    assert whats(life) == ["delivered", "accepted", "fetched", "deleted"]
    assert [event["at"] for event in life.events] == [NOW, NOW, NOW + DAY, NOW + 3 * DAY]
    assert life == house.life(entry.id) == house.life("198.51.100.7")
    text = house.text(entry.id)
    assert f"fetched by {ALICE} from 198.51.100.7" in text and f"deleted by {ALICE} from 198.51.100.7" in text


@pytest.mark.parametrize(("removed_days", "said"), [(0, "removed from"), (7, "moved to the trash from")])
def test_swept(house: House, removed_days: int, said: str) -> None:
    house.send(ALICE)
    house.day = 20
    rules = Rules(retention=Retention(days=10), removed_days=removed_days)

    async def sweep() -> int:
        return sum([swept.messages async for swept in sweeper.sweep()])

    sweeper = Sweeper(house.store, lambda _: rules, house.world.facts, house.now)
    assert result_of(sweep()) == 1
    assert whats(house.life(ALICE)) == ["delivered", "accepted", "expired"]
    assert f"{said} the maildrop of {ALICE}: its time was up" in house.text(ALICE)


def test_relayed(submission_house: House) -> None:
    house = submission_house
    visit = Visit(house.world)
    visit.log_in()
    visit.begin(BOB, "far@example.net", sender=ALICE)
    visit.content(b"Subject: x\n\nx\n")
    assert visit.end().code == 250
    life = house.life("far@example.net")
    assert whats(life) == ["relayed", "delivered", "accepted"]
    text = house.text(f"{life.id}@{HOSTNAME}")  # the Message-ID that was added
    assert "passed on for <far@example.net> to relay:587, which said: 250 2.0.0 queued as 4711" in text
    assert f"came by submission from 192.0.2.1 (client.example.org, in clear), logged in as {ALICE}" in text


def test_lmtp_takes_it_for_some(lmtp_house: House) -> None:
    lmtp_house.store = NoRoomForBob(lmtp_house.now)
    lmtp_house.world.delivery = Delivery(lmtp_house.store, lmtp_house.world.facts)
    lmtp_house.send(ALICE, BOB)
    life = lmtp_house.life(BOB)
    assert whats(life) == ["not delivered", "delivered", "accepted", "refused"]
    text = lmtp_house.text(BOB)
    assert f"accepted for <{ALICE}>" in text and f"refused for <{BOB}>: 452 4.3.1" in text
    assert "not delivered: no room" in text and "came by LMTP" in text


def test_refused_before_there_was_a_message(house: House) -> None:
    house.world.limits = {"has_room": lambda: False}
    visit = Visit(house.world)
    assert visit.mail().code == 452
    life = house.life("sender@example.org")
    assert (life.kind, life.id) == ("session", "visit")
    assert house.life("192.0.2.1") == life
    assert "refused the sender <sender@example.org>: 452 4.3.1" in house.text("visit")


def test_a_client_that_goes_away_in_the_midst_of_a_message(house: House) -> None:
    visit = Visit(house.world)
    visit.begin(ALICE)
    visit.content(CONTENT, b"x" * (3 << 20))
    visit.session.lost()
    visit.session.ended("lost", 1, 2)
    life = house.life(ALICE)
    assert (life.kind, whats(life)) == ("message", ["abandoned"])
    for what in ("sender@example.org", "<one@example.org>", life.id, "visit", "192.0.2.1", "@example.test"):
        assert house.life(what) == life
    text = house.text(life.id)
    assert "came by SMTP from 192.0.2.1 (client.example.org, in clear)" in text
    octets = len(CONTENT) + CONTENT.count(b"\n") + (3 << 20)
    assert (
        f"the connection was lost after {octets} octets (3.0 MiB) of the message, before its end; nothing was" in text
    )


def test_restored_from_a_backup(house: House) -> None:
    house.send(ALICE)
    life = house.life(ALICE)
    house.day = 4
    for clashed in ("", "one"):
        house.world.facts.tell(
            facts.Restored(user=ALICE, message=life.id, uid="u1", clashed=clashed, backup="/srv/b", made=NOW + DAY)
        )
    message, other = house.trace(life.id).lives
    assert whats(message) == ["delivered", "accepted", "restored"]
    assert (other.kind, other.id, whats(other)) == ("uid", f"{ALICE} u1", ["restored"])
    text = " ".join(told(message.as_json(), house.now()).split())
    assert f"restored to the maildrop of {ALICE} from the backup /srv/b of 2023-11-1" in text
    again = " ".join(told(other.as_json(), house.now()).split())
    assert again.startswith(f"a message of {ALICE} that was restored, UID u1")
    assert again.endswith(f"under another UID, as another message has one. It was {life.id}")


def test_nothing_private_is_written(house: House) -> None:
    house.send(ALICE)
    assert house.journal.flush()
    written = b"".join(file.read_bytes() for file in house.directory.iterdir())
    assert b"one@example.org" in written
    assert b"secret" not in written and b"hello" not in written
