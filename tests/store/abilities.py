"""What every store can besides: the trash, and remembering what was fetched. To be inherited as `contract` is."""

from __future__ import annotations

from typing import Any

import pytest
from zope.interface.verify import verifyObject

from mailgate.abilities import IBrowser, IMaildropNames, ITidy, ITrash, IUsage
from mailgate.failures import Gone
from mailgate.interfaces import IFetchLog
from mailgate.mail import Copy
from mailgate.rules import NO_RULES, Retention, Rules
from tests.store.contract import Stores
from tests.store.support import ALICE, deliver, entries_of, message
from tests.support import result_of

FETCHED = Rules(retention=Retention(fetched_days=1))
LONG_AFTER = 4_000_000_000.0  # Unix time


class AbilityContract:
    """Override the fixture `stores`."""

    @pytest.fixture
    def stores(self, tmp_path: Any) -> Stores:
        raise NotImplementedError

    def test_provides_what_it_says_besides(self, stores: Stores) -> None:
        for ability in (IBrowser, IMaildropNames, ITidy, ITrash, IUsage):
            assert verifyObject(ability, stores[0])

    def test_tidying_leaves_alone_what_is_there_and_what_is_under_way(self, stores: Stores) -> None:
        writer, reader = stores
        assert result_of(reader.tidy("nobody@example.test")) == 0
        result_of(deliver(writer, message(), ALICE))
        staged = result_of(writer.stage(message(b"x" * 2_000_000), [Copy(ALICE)]))
        maildrop = result_of(writer.open(ALICE))
        assert result_of(reader.tidy(ALICE)) == 0  # needs no lock
        maildrop.release()
        result_of(staged.commit())
        assert len(result_of(entries_of(reader, ALICE))) == 2
        assert result_of(reader.names()) == [ALICE]

    def test_the_trash_takes_out_of_sight_and_keeps_until_it_is_emptied(self, stores: Stores) -> None:
        writer, reader = stores
        for _ in range(3):
            result_of(deliver(writer, message(), ALICE))
        maildrop = result_of(reader.open(ALICE))
        first, second, third = result_of(maildrop.snapshot()).entries
        result_of(maildrop.remove([first], to_trash=True))
        result_of(maildrop.remove([first, second], to_trash=True))  # gone counts as removed
        result_of(maildrop.remove([third]))
        assert result_of(maildrop.snapshot()).entries == ()
        with pytest.raises(Gone):
            result_of(maildrop.read(first))
        assert result_of(writer.empty_trash(ALICE, 1_000_000_000.0)) == 0
        assert result_of(writer.empty_trash(ALICE, LONG_AFTER)) == 2  # needs no lock
        assert result_of(writer.empty_trash(ALICE, LONG_AFTER)) == 0
        maildrop.release()
        assert result_of(entries_of(writer, ALICE)) == ()

    def test_a_maildrop_without_a_trash(self, stores: Stores) -> None:
        store, _ = stores
        assert result_of(store.empty_trash("nobody@example.test", LONG_AFTER)) == 0
        result_of(deliver(store, message(), ALICE))
        assert result_of(store.empty_trash(ALICE, LONG_AFTER)) == 0
        assert result_of(store.names()) == [ALICE]
        assert len(result_of(entries_of(store, ALICE))) == 1

    def test_what_opens_carries_its_rules(self, stores: Stores) -> None:
        store, _ = stores
        for rules in (NO_RULES, FETCHED):
            maildrop = result_of(store.open(ALICE, rules))
            assert maildrop.rules == rules
            maildrop.release()

    @pytest.mark.parametrize("remembered", [True, False], ids=["remembered", "released without"])
    def test_the_first_fetch_is_remembered(self, stores: Stores, remembered: bool) -> None:
        one, other = stores
        for _ in range(2):
            result_of(deliver(one, message(), ALICE))
        for store, seconds in ((one, 1_700_000_001), (other, 1_700_000_002)):
            maildrop = result_of(store.open(ALICE, FETCHED))
            assert verifyObject(IFetchLog, maildrop)
            first, second = result_of(maildrop.snapshot()).entries
            known = None if store is one and seconds == 1_700_000_001 else 1_700_000_001
            assert maildrop.first_fetch(first) == known
            maildrop.fetched(first, seconds)
            maildrop.fetched(first, seconds + 1)
            assert maildrop.first_fetch(first) == 1_700_000_001
            assert maildrop.first_fetch(second) is None
            if remembered:
                result_of(maildrop.remember())
                result_of(maildrop.remember())
            maildrop.release()

    def test_a_removed_message_leaves_no_trace_in_the_fetch_log(self, stores: Stores) -> None:
        one, other = stores
        for _ in range(2):
            result_of(deliver(one, message(), ALICE))
        maildrop = result_of(one.open(ALICE, FETCHED))
        first, second = result_of(maildrop.snapshot()).entries
        maildrop.fetched(first, 1)
        result_of(maildrop.remember())
        maildrop.fetched(second, 2)
        result_of(maildrop.remove([first]))
        result_of(maildrop.remember())
        maildrop.release()
        again = result_of(other.open(ALICE, FETCHED))
        assert result_of(again.snapshot()).entries == (second,)
        assert (again.first_fetch(first), again.first_fetch(second)) == (None, 2)
        again.release()
