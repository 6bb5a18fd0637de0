from __future__ import annotations

import pytest

from tests.crash.ledger import Found, Ledger

ANN, BEN = "ann@example.test", "ben@example.test"
ONE, TWO = b"one", b"two"
EMPTY: dict[str, list[Found]] = {ANN: [], BEN: []}


@pytest.fixture
def ledger() -> Ledger:
    """One message to both, one to Ann; both acknowledged."""
    ledger = Ledger()
    ledger.send(ONE, "sender-1", (ANN, BEN))
    ledger.send(TWO, "sender-2", (ANN,))
    ledger.acknowledge(ONE)
    ledger.acknowledge(TWO)
    return ledger


def maildrops(ann: list[bytes], ben: list[bytes]) -> dict[str, list[Found]]:
    """Their UIDs are numbers, from 1 on."""
    return {
        user: [Found(str(number), digest) for number, digest in enumerate(digests, 1)]
        for user, digests in ((ANN, ann), (BEN, ben))
    }


def test_all_is_well_when_everybody_has_what_was_acknowledged(ledger: Ledger) -> None:
    assert ledger.settle(maildrops([ONE, TWO], [ONE])) == []
    assert ledger.acknowledged == 2


def test_what_was_acknowledged_must_be_there_for_everybody(ledger: Ledger) -> None:
    assert ledger.settle(maildrops([ONE, TWO], [])) == [f"sender-1 was acknowledged, and {BEN} does not have it"]


def test_half_a_message_is_nobodys(ledger: Ledger) -> None:
    assert ledger.settle(maildrops([ONE, TWO, b"half"], [ONE])) == [f"{ANN} has 3, which is half a message, or not his"]


def test_a_copy_must_be_for_who_has_it(ledger: Ledger) -> None:
    assert ledger.settle(maildrops([ONE, TWO], [ONE, TWO])) == [f"{BEN} has 2, which is half a message, or not his"]


def test_a_duplicate_needs_a_reply_that_did_not_come(ledger: Ledger) -> None:
    twice = maildrops([ONE, TWO], [ONE, ONE])
    assert ledger.settle(twice) == [f"{BEN} has sender-1 2 times; it was acknowledged or left open 1 times"]
    ledger.leave_open(ONE, "sender")
    assert ledger.settle(twice) == []
    assert ledger.duplicates(twice) == 1


def test_what_was_left_open_may_be_there_or_not() -> None:
    ledger = Ledger()
    ledger.send(ONE, "sender-1", (ANN, BEN))
    ledger.leave_open(ONE, "sender")
    for there in EMPTY, maildrops([ONE], []), maildrops([ONE], [ONE]):
        assert ledger.settle(there) == []


def test_what_was_not_sent_to_its_end_is_not_there() -> None:
    ledger = Ledger()
    ledger.send(ONE, "sender-1", (ANN,))
    assert ledger.settle(maildrops([ONE], [])) == [
        f"{ANN} has sender-1 1 times; it was acknowledged or left open 0 times"
    ]


def test_a_client_leaves_one_message_open_at_a_kill() -> None:
    ledger = Ledger()
    for digest, name in ((ONE, "sender-1"), (TWO, "sender-2")):
        ledger.send(digest, name, (ANN,))
        ledger.leave_open(digest, "sender")
    assert ledger.settle(EMPTY) == ["sender left 2 messages open at kill 1"]


def test_what_a_client_complains_of_is_told_with_the_kill(ledger: Ledger) -> None:
    ledger.kills = 6
    ledger.complain("no")
    assert ledger.settle(maildrops([ONE, TWO], [ONE])) == ["before kill 7: no"]


def test_what_was_fetched_must_be_whole_and_his(ledger: Ledger) -> None:
    ledger.fetch(BEN, "1", ONE)
    assert ledger.faults == []
    ledger.fetch(BEN, "2", b"half")
    ledger.fetch(BEN, "3", TWO)
    assert len(ledger.faults) == 2


def test_what_was_removed_counts_as_delivered_and_stays_gone(ledger: Ledger) -> None:
    ledger.see(BEN, {"1"})
    ledger.ask_removal(BEN, {"1": ONE})
    ledger.confirm_removal(BEN, {"1": ONE})
    assert ledger.settle(maildrops([ONE, TWO], [])) == []
    back = f"{BEN} has 1 back, whose removal was acknowledged"
    assert back in ledger.settle(maildrops([ONE, TWO], [ONE]))
    ledger.see(BEN, {"1"})
    assert ledger.faults == [f"before kill 1: {back}"]


def test_a_removal_without_a_reply_may_have_happened_or_not(ledger: Ledger) -> None:
    ledger.see(BEN, {"1"})
    ledger.ask_removal(BEN, {"1": ONE})
    assert ledger.settle(maildrops([ONE, TWO], [])) == []
    assert ledger.settle(maildrops([ONE, TWO], [ONE])) == []


def test_what_is_seen_gone_once_stays_gone(ledger: Ledger) -> None:
    ledger.see(BEN, {"1"})
    ledger.ask_removal(BEN, {"1": ONE})
    ledger.see(BEN, set())
    ledger.see(BEN, {"1"})
    assert ledger.faults == [f"before kill 1: {BEN} has 1 back, whose removal was acknowledged"]


def test_what_is_seen_after_a_removal_without_a_reply_stays(ledger: Ledger) -> None:
    ledger.ask_removal(BEN, {"1": ONE})
    ledger.see(BEN, {"1"})
    ledger.see(BEN, set())
    assert ledger.faults == [f"before kill 1: {BEN} has lost 1, which he had seen and not removed"]


def test_what_was_not_removed_stays(ledger: Ledger) -> None:
    ledger.see(ANN, {"1", "2"})
    assert ledger.settle(maildrops([ONE], [ONE])) == [
        f"{ANN} has lost 2, which he had seen and not removed",
        f"sender-2 was acknowledged, and {ANN} does not have it",
    ]
