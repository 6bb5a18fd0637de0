"""What every store must do. Inherit, give `stores`, and the suite runs; nothing here knows how mail is kept."""

from __future__ import annotations

import os
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from mailgate.failures import Gone, InUse, StoreError
from mailgate.interfaces import IContent, IMaildrop, IMailStore, IStaged
from mailgate.mail import BLOCK_OCTETS, Body, Copy, Field
from mailgate.wire.dots import DotWriter
from tests.store.support import ALICE, BOB, content_of, copies, deliver, entries_of, message
from tests.support import result_of

Stores = tuple[Any, Any]  # two handles on the same mail: one object twice, or two gateways; abilities are tried besides


class StoreContract:
    """Override the fixture `stores`."""

    @pytest.fixture
    def stores(self, tmp_path: Any) -> Stores:
        raise NotImplementedError

    def test_provides_what_it_says(self, stores: Stores) -> None:
        store, _ = stores
        assert verifyObject(IMailStore, store)
        staged = result_of(store.stage(message(), copies(ALICE)))
        assert verifyObject(IStaged, staged)
        result_of(staged.commit())
        maildrop = result_of(store.open(ALICE))
        assert verifyObject(IMaildrop, maildrop) and maildrop.name == ALICE
        entry = result_of(maildrop.snapshot()).entries[0]
        assert verifyObject(IContent, result_of(maildrop.read(entry)))

    def test_a_delivered_message_comes_out_as_it_went_in(self, stores: Stores) -> None:
        writer, reader = stores
        what = message(b"Subject: x\n\nbody\n", fields=(Field("Received", "here"), Field("X-Second", "two\n lines")))
        assert len(result_of(deliver(writer, what, ALICE))) == 1
        maildrop = result_of(reader.open(ALICE))
        (entry,) = result_of(maildrop.snapshot()).entries
        content = result_of(content_of(result_of(maildrop.read(entry))))
        assert content == (
            b"Delivered-To: alice@example.test\nReceived: here\nX-Second: two\n lines\nSubject: x\n\nbody\n"
        )
        assert entry.id == what.id
        maildrop.release()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\n",
            b"no newline",
            b".\n..\n.\n",
            bytes(range(1, 256)) + b"\n",
            b"a\r\nb\rc\n\r\n",
            b"x" * (BLOCK_OCTETS - 1) + b"\r\n" + b"y\n" * BLOCK_OCTETS,
        ],
        ids=["empty", "line", "open end", "dots", "octets", "returns", "blocks"],
    )
    @pytest.mark.parametrize("fields", [(), (Field("A", "b"),)], ids=["bare", "field"])
    def test_every_octet_is_kept_and_the_size_is_that_of_retr(
        self, stores: Stores, content: bytes, fields: tuple[Field, ...]
    ) -> None:
        writer, reader = stores
        staged = result_of(writer.stage(message(content, fields=fields), [Copy(ALICE)]))
        result_of(staged.commit())
        (entry,) = result_of(reader.browse(ALICE)).entries
        kept = result_of(content_of(result_of(reader.read(ALICE, entry))))
        assert kept == b"".join(map(bytes, fields)) + content
        dots = DotWriter()
        sent = dots.feed(kept) + dots.finish()
        assert entry.octets == len(sent.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")) - kept.startswith(b".")

    def test_a_body_in_a_file(self, stores: Stores, tmp_path: Any) -> None:
        writer, reader = stores
        content = os.urandom(3 * BLOCK_OCTETS + 7).replace(b"\r", b"") + b"\n"
        spooled = tmp_path / "spooled"
        spooled.write_bytes(content)
        body = Body(len(content), content.count(b"\n"), file=str(spooled))
        result_of(deliver(writer, message(fields=(), body=body), ALICE))
        (entry,) = result_of(reader.browse(ALICE)).entries
        kept = result_of(content_of(result_of(reader.read(ALICE, entry))))
        assert kept == b"Delivered-To: alice@example.test\n" + content

    def test_a_body_that_cannot_be_read_is_a_store_error(self, stores: Stores, tmp_path: Any) -> None:
        body = Body(1, 0, file=str(tmp_path / "nowhere"))
        with pytest.raises(StoreError):
            result_of(stores[0].stage(message(body=body), copies(ALICE)))

    def test_staged_is_out_of_sight_until_the_commit(self, stores: Stores) -> None:
        writer, reader = stores
        staged = result_of(writer.stage(message(), copies(ALICE, BOB)))
        assert result_of(entries_of(reader, ALICE)) == ()
        assert len(result_of(staged.commit())) == 2
        assert len(result_of(entries_of(reader, ALICE))) == len(result_of(entries_of(reader, BOB))) == 1
        staged.discard()
        staged.discard()
        assert len(result_of(entries_of(reader, ALICE))) == 1

    def test_discarded_is_nowhere(self, stores: Stores) -> None:
        writer, reader = stores
        staged = result_of(writer.stage(message(), copies(ALICE)))
        staged.discard()
        staged.discard()
        assert result_of(entries_of(reader, ALICE)) == ()

    def test_commit_is_called_once(self, stores: Stores) -> None:
        staged = result_of(stores[0].stage(message(), copies(ALICE)))
        result_of(staged.commit())
        with pytest.raises(RuntimeError):
            result_of(staged.commit())

    def test_oldest_first_and_each_has_a_uid_of_its_own_that_lasts(self, stores: Stores) -> None:
        writer, reader = stores
        sent = [message(b"%d\n" % number) for number in range(5)]
        for one in sent:
            result_of(deliver(writer, one, ALICE))
        first = result_of(entries_of(reader, ALICE))
        assert [entry.id for entry in first] == [one.id for one in sent]
        assert len({entry.uid for entry in first}) == 5
        assert all(0 < len(entry.uid) <= 70 and entry.uid.isascii() and entry.uid.isprintable() for entry in first)
        result_of(deliver(writer, message(), ALICE))
        assert result_of(entries_of(reader, ALICE))[:5] == first
        assert all(entry.seconds > 0 for entry in first)

    def test_smtputf8_is_remembered(self, stores: Stores) -> None:
        writer, reader = stores
        result_of(deliver(writer, message(), ALICE))
        result_of(deliver(writer, message(smtputf8=True), ALICE))
        assert [entry.smtputf8 for entry in result_of(entries_of(reader, ALICE))] == [False, True]

    def test_an_unknown_maildrop_opens_empty(self, stores: Stores) -> None:
        maildrop = result_of(stores[0].open("new@example.test"))
        snapshot = result_of(maildrop.snapshot())
        assert snapshot.entries == () and snapshot.octets == 0
        result_of(maildrop.remove(()))
        maildrop.release()

    def test_one_session_at_a_time(self, stores: Stores) -> None:
        one, other = stores
        maildrop = result_of(one.open(ALICE))
        for store in stores:
            with pytest.raises(InUse):
                result_of(store.open(ALICE))
        result_of(other.open(BOB)).release()
        maildrop.release()
        maildrop.release()
        again = result_of(other.open(ALICE))
        maildrop.release()  # must not give back a lock that is another's by now
        with pytest.raises(InUse):
            result_of(one.open(ALICE))
        again.release()

    def test_mail_comes_in_while_a_session_is_open(self, stores: Stores) -> None:
        writer, reader = stores
        maildrop = result_of(reader.open(ALICE))
        before = result_of(maildrop.snapshot())
        result_of(deliver(writer, message(), ALICE))
        after = result_of(maildrop.snapshot())
        assert (len(before.entries), len(after.entries)) == (0, 1)
        assert before.revision != after.revision
        maildrop.release()

    def test_a_closed_maildrop_says_so(self, stores: Stores) -> None:
        writer, reader = stores
        result_of(deliver(writer, message(), ALICE))
        maildrop = result_of(reader.open(ALICE))
        (entry,) = result_of(maildrop.snapshot()).entries
        maildrop.release()
        for call in (maildrop.snapshot, lambda: maildrop.read(entry), lambda: maildrop.remove([entry])):
            with pytest.raises(StoreError):
                result_of(call())
        assert len(result_of(entries_of(reader, ALICE))) == 1

    def test_removed_is_gone_and_the_rest_stays(self, stores: Stores) -> None:
        writer, reader = stores
        for _ in range(3):
            result_of(deliver(writer, message(), ALICE))
        maildrop = result_of(reader.open(ALICE))
        first, second, third = result_of(maildrop.snapshot()).entries
        result_of(maildrop.remove([first, third]))
        assert result_of(maildrop.snapshot()).entries == (second,)
        with pytest.raises(Gone):
            result_of(maildrop.read(first))
        result_of(maildrop.remove([first]))  # gone counts as removed
        maildrop.release()
        assert result_of(entries_of(writer, ALICE)) == (second,)

    def test_an_opened_message_can_be_read_on_after_its_removal(self, stores: Stores) -> None:
        writer, reader = stores
        result_of(deliver(writer, message(b"z\n" * BLOCK_OCTETS), ALICE))
        maildrop = result_of(reader.open(ALICE))
        (entry,) = result_of(maildrop.snapshot()).entries
        content = result_of(maildrop.read(entry))
        result_of(maildrop.remove([entry]))
        assert result_of(content_of(content)).endswith(b"z\n" * BLOCK_OCTETS)
        content.close()
        maildrop.release()

    def test_content_can_be_closed_half_way(self, stores: Stores) -> None:
        writer, reader = stores
        result_of(deliver(writer, message(b"z\n" * BLOCK_OCTETS), ALICE))
        (entry,) = result_of(reader.browse(ALICE)).entries
        content = result_of(reader.read(ALICE, entry))
        assert len(content.read_block()) == BLOCK_OCTETS
        content.close()
        content.close()

    def test_equal_revisions_mean_equal_entries(self, stores: Stores) -> None:
        writer, reader = stores
        seen: dict[object, object] = {}
        for _ in range(3):
            result_of(deliver(writer, message(), ALICE))
            result_of(deliver(writer, message(), BOB))
            for store in stores:
                for maildrop in (ALICE, BOB):
                    snapshot = result_of(store.browse(maildrop))
                    hash(snapshot.revision)
                    assert seen.setdefault((id(store), snapshot.revision), snapshot.entries) == snapshot.entries
        assert result_of(reader.browse(ALICE)).entries != result_of(reader.browse(BOB)).entries

    def test_browsing_takes_no_lock_and_makes_nothing(self, stores: Stores) -> None:
        writer, reader = stores
        assert result_of(reader.browse("nobody@example.test")).entries == ()
        assert result_of(reader.names()) == []
        result_of(deliver(writer, message(), ALICE))
        maildrop = result_of(writer.open(ALICE))
        (entry,) = result_of(reader.browse(ALICE)).entries
        result_of(content_of(result_of(reader.read(ALICE, entry))))
        result_of(maildrop.remove([entry]))
        with pytest.raises(Gone):
            result_of(reader.read(ALICE, entry))
        with pytest.raises(Gone):
            result_of(reader.read("nobody@example.test", entry))
        maildrop.release()

    def test_names_and_usage(self, stores: Stores) -> None:
        writer, reader = stores
        result_of(deliver(writer, message(), BOB, ALICE))
        result_of(deliver(writer, message(), ALICE))
        assert list(result_of(reader.names())) == [ALICE, BOB]
        messages, octets = result_of(reader.usage(ALICE))
        assert (messages, octets) == (2, sum(entry.octets for entry in result_of(entries_of(reader, ALICE))))
        assert result_of(reader.usage("nobody@example.test")) == (0, 0)

    def test_messages_are_read_in_any_order_and_more_than_once(self, stores: Stores) -> None:
        writer, reader = stores
        sent = [b"%d\n" % number * (number * 1500) for number in range(12)]
        for content in sent:
            result_of(deliver(writer, message(content), ALICE))
        maildrop = result_of(reader.open(ALICE))
        entries = result_of(maildrop.snapshot()).entries
        for at in (*range(12), *range(11, -1, -1), 3, 4, 5, 5, 6, 8, 9, 2, 0, 1, 11):
            assert result_of(content_of(result_of(maildrop.read(entries[at])))).endswith(sent[at])
        maildrop.release()
