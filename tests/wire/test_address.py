"""Paths: what RFC 5321 4.1.2 has is parsed, anything else is an AddressError, and writing undoes reading."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgate.wire.address import (
    AddressError,
    ParsedPath,
    check_domain,
    fold_domain,
    fold_local_part,
    format_mailbox,
    parse_mailbox,
    parse_path,
)

LONG_DOMAIN = ".".join(["d" * 63] * 3 + ["d" * 63])  # 255 octets


@pytest.mark.parametrize(
    ("text", "local_part", "domain", "rest"),
    [
        ("<>", "", "", ""),
        ("<> SIZE=1", "", "", " SIZE=1"),
        ("<alice@example.test>", "alice", "example.test", ""),
        ("<Alice@EXAMPLE.Test> BODY=7BIT", "Alice", "example.test", " BODY=7BIT"),
        ("<a.b+c=d!#$%&'*/?^_`{|}~-@x-1.example>", "a.b+c=d!#$%&'*/?^_`{|}~-", "x-1.example", ""),
        ("<alice@localhost>", "alice", "localhost", ""),
        ("<postmaster>", "postmaster", "", ""),  # RFC 5321 4.1.1.3
        ("<PostMaster>x", "postmaster", "", "x"),
        ('<"postmaster">', "postmaster", "", ""),
        ("<Postmaster@example.test>", "Postmaster", "example.test", ""),
        ('<"a b"@example.test>', "a b", "example.test", ""),
        ('<"a@b>c"@example.test>', "a@b>c", "example.test", ""),
        (r'<"a\"\\\b"@example.test>', 'a"\\b', "example.test", ""),
        ('<"alice"@example.test>', "alice", "example.test", ""),  # quotes that are not needed mean nothing
        ('<""@example.test>', "", "example.test", ""),
        ("<@relay.example,@b.example:alice@example.test>", "alice", "example.test", ""),  # RFC 5321 appendix C
        ("<a@[192.0.2.1]>", "a", "[192.0.2.1]", ""),
        ("<a@[IPv6:2001:DB8::0:1]>", "a", "[ipv6:2001:db8::1]", ""),
        ("<a@[ipv6:::1]>", "a", "[ipv6:::1]", ""),
        ("<ülf@exämple.test>", "ülf", "exämple.test", ""),  # RFC 6531 3.3
        ("<a@Ä.test>", "a", "ä.test", ""),
        ("<" + "l" * 64 + "@example.test>", "l" * 64, "example.test", ""),
        ("<a@" + "d" * 63 + ".test>", "a", "d" * 63 + ".test", ""),
    ],
)
def test_paths(text: str, local_part: str, domain: str, rest: str) -> None:
    assert parse_path(text) == ParsedPath(local_part, domain, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice@example.test",
        "<alice@example.test",
        "alice@example.test>",
        "< alice@example.test>",
        "<alice@example.test >",
        "<alice>",  # no domain, and not postmaster
        "<alice@>",
        "<@example.test>",
        "<a..b@example.test>",
        "<.a@example.test>",
        "<a.@example.test>",
        "<a b@example.test>",
        "<a@b@example.test>",
        "<a@example..test>",
        "<a@.example>",
        "<a@example.test.>",
        "<a@-example.test>",
        "<a@example-.test>",
        "<a@exa_mple.test>",
        '<"a@example.test>',
        '<"a"b@example.test>',
        '<"a\r\nb"@example.test>',
        '<"a\\\nb"@example.test>',
        '<"a\x01"@example.test>',
        '<"a\x85"@example.test>',
        "<a\x80@example.test>",
        "<a@example\x9f.test>",
        "<a\udc80@example.test>",  # a surrogate is no character
        "<a@\ud800.test>",
        '<"\udfff"@example.test>',
        "<a@[]>",
        "<a@[192.0.2]>",
        "<a@[192.0.2.256]>",
        "<a@[192.0.02.1]>",
        "<a@[IPv6:192.0.2.1]>",
        "<a@[2001:db8::1]>",
        "<a@[IPv6:fe80::1%eth0]>",  # a zone means nothing here
        "<a@[tag:content]>",
        "<a@[192.0.2.1>",
        "<" + "l" * 65 + "@example.test>",
        "<" + "ü" * 33 + "@example.test>",
        "<a@" + "d" * 64 + ".test>",
        f"<a@{LONG_DOMAIN}>",  # the path is too long, the domain alone would do
        "<@" + "r" * 60 + "." + "r" * 60 + "," + "@" + "s" * 60 + ":" + "l" * 60 + "@" + "d" * 60 + ">",
        "<@relay.example:>",
        "<@relay.example alice@example.test>",
    ],
)
def test_no_paths(text: str) -> None:
    with pytest.raises(AddressError):
        parse_path(text)


@given(st.one_of(st.text(max_size=40), st.text('<>@."\\[]:%aÄ\u0130 \t\r\n\0\udc80,-', max_size=20).map("<{}>".format)))
@example("<a@" + "\u0130" * 31 + ".test>")  # its small letter has more octets
def test_any_text_is_a_path_or_an_address_error(text: str) -> None:
    try:
        parsed = parse_path(text)
    except AddressError as error:
        assert str(error).isprintable()
        return
    written = f"<{format_mailbox(parsed.local_part, parsed.domain)}>"
    assert parse_path(written + parsed.rest) == parsed


ATOMS = st.text("abcXYZ019!#$%&'*+/=?^_`{|}~-ü", min_size=1, max_size=8)
LOCAL_PARTS = st.one_of(
    st.lists(ATOMS, min_size=1, max_size=3).map(".".join),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=16),
)
LABELS = st.from_regex(r"[a-zä0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
DOMAINS = st.one_of(
    st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: ".".join(labels).lower()),
    st.ip_addresses(v=4).map("[{}]".format),
    st.ip_addresses(v=6).map(lambda ip: check_domain(f"[IPv6:{ip}]")),
)


@given(LOCAL_PARTS, DOMAINS)
def test_reading_undoes_writing(local_part: str, domain: str) -> None:
    assert parse_mailbox(format_mailbox(local_part, domain)) == (local_part, domain)


def test_a_bare_postmaster_and_the_null_path_are_written_as_they_are() -> None:
    assert format_mailbox("postmaster", "") == "postmaster"
    assert format_mailbox("", "") == ""


@pytest.mark.parametrize(
    "text",
    ["", "postmaster", "alice", "@relay.example:alice@example.test", "a@b> <c@d", ">", "a@b\n", "<a@b>", "alice@"],
)
def test_a_mailbox_is_all_there_is(text: str) -> None:
    with pytest.raises(AddressError):
        parse_mailbox(text)


def test_domains() -> None:
    assert check_domain("MX.Example.TEST") == "mx.example.test"
    assert check_domain(LONG_DOMAIN) == LONG_DOMAIN
    assert check_domain("[192.0.2.7]") == "[192.0.2.7]"
    for wrong in ("", "a b", "a.", "example.test\n", LONG_DOMAIN + "d", "d." * 127 + "dd", "\u0130" * 31):
        with pytest.raises(AddressError):
            check_domain(wrong)


# What means the same.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice", "alice"),
        ("A.B+Tag", "a.b+tag"),
        ("GRÜSSE", "grüße"),
        ("gru\u0308n", "grün"),  # composed and decomposed
        ("ΣΑΣ", "σας"),
        ("\u01f0", "J\u030c"),  # folds rightly only when decomposed
        ("\u1e9b\u0323", "\u1e61\u0323"),
    ],
)
def test_local_parts_that_mean_the_same_person(one: str, other: str) -> None:
    assert fold_local_part(one) == fold_local_part(other)


def test_local_parts_that_do_not() -> None:
    assert len({fold_local_part(name) for name in ("alice", "alicé", "a.lice", "alice ")}) == 4


def test_domains_that_are_the_same() -> None:
    assert fold_domain("EXAMPLE.Test") == "example.test"
    assert fold_domain("MU\u0308NCHEN.example") == fold_domain("münchen.example") == "münchen.example"
    assert fold_domain("straße.example") != fold_domain("strasse.example")  # IDNA 2008


@given(st.text(max_size=12))
def test_folding_twice_is_folding_once(text: str) -> None:
    for fold in (fold_local_part, fold_domain):
        assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "domain",
    [
        "a\u202ey.example",  # it would turn round what is written behind it
        "a\u2028b.example",
        "a\xa0b.example",
        "\U0001f600.example",
        "\u212aernel.example",  # the sign for Kelvin is no K
        "\uff41.example",  # a wide a
        "a\ufb01.example",  # two letters in one sign
    ],
)
def test_no_domain_has_such_letters(domain: str) -> None:
    with pytest.raises(AddressError):
        check_domain(domain)


@pytest.mark.parametrize(
    "domain", ["bücher.example", "BÜCHER.example", "例え.テスト", "ελλάδα.example", "हिन्दी.example"]
)
def test_domains_of_all_scripts(domain: str) -> None:
    assert check_domain(domain) == domain.lower()


@pytest.mark.parametrize("mark", "\u200e\u2028\u202e\u2066")
def test_no_local_part_turns_what_is_around_it(mark: str) -> None:
    for local_part in (f"a{mark}b", f'"a{mark}b"'):
        with pytest.raises(AddressError, match="control"):
            parse_path(f"<{local_part}@example.test>")
