"""The arguments of commands: read as RFC 5321 4.1 has them, or refused with the code it has for that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import NULL_PATH, Path
from mailgate.smtp import events, grammar
from mailgate.smtp.events import Event

ADDRESS = Path("a", "example.test")


@pytest.mark.parametrize(
    "name",
    [
        "client.example.org",
        "[192.0.2.1]",
        "[IPv6:::1]",
        "localhost",
        "under_score",
        "WORKSTATION",
        "пример.example",
        "x" * 255,
    ],
)
@pytest.mark.parametrize("extended", [False, True])
def test_hello(name: str, extended: bool) -> None:
    assert grammar.hello(extended)(name) == events.Hello(extended, name)
    assert grammar.hello(extended)(f"  {name} ") == events.Hello(extended, name)


@pytest.mark.parametrize(
    ("argument", "path", "parameters"),
    [
        ("FROM:<a@example.test>", ADDRESS, {}),
        ("from:<a@example.test>", ADDRESS, {}),
        ("FROM: <a@example.test>", ADDRESS, {}),  # not in the grammar, and in many clients
        ("FROM:<>", NULL_PATH, {}),
        ("FROM:<> SIZE=1", NULL_PATH, {"SIZE": "1"}),
        ("FROM:<@relay.example:a@example.test>", ADDRESS, {}),
        ("FROM:<a@example.test> size=1 Body=8BITMIME", ADDRESS, {"SIZE": "1", "BODY": "8BITMIME"}),
        ("FROM:<a@example.test>  SIZE=1  SMTPUTF8", ADDRESS, {"SIZE": "1", "SMTPUTF8": None}),
        ("FROM:<a@example.test> X-Y=a+3D<b>;", ADDRESS, {"X-Y": "a+3D<b>;"}),
        ('FROM:<"a b"@example.test>', Path("a b", "example.test"), {}),
        ("FROM:<ü@exämple.test>", Path("ü", "exämple.test"), {}),  # may it be said? That is for the session
        ("FROM:<a@[192.0.2.1]>", Path("a", "[192.0.2.1]"), {}),
    ],
)
def test_mail_and_rcpt(argument: str, path: Path, parameters: dict[str, str | None]) -> None:
    assert grammar.mail(argument) == events.Mail(path, parameters)
    if not path.is_null:
        assert grammar.rcpt("TO:" + argument[5:]) == events.Rcpt(path, parameters)


def test_a_path_that_comes_again_is_not_read_again() -> None:
    first = grammar.rcpt("TO:<again@example.test>")
    assert isinstance(first, events.Rcpt)
    second = grammar.mail("FROM: <again@example.test> SIZE=1")
    assert isinstance(second, events.Mail)
    assert second.path is first.path


@pytest.mark.parametrize("written", ["<" + "a" * 64 + "@" + "b" * 200 + ">", "<a@example.test>" + "x" * 999, "x" * 999])
def test_what_is_long_is_not_remembered(written: str) -> None:
    grammar._path.cache_clear()
    with pytest.raises(grammar.Unparsable):
        grammar.rcpt(f"TO:{written}")
    assert grammar._path.cache_info().currsize == 0


@pytest.mark.parametrize(
    ("argument", "mechanism", "initial"),
    [
        ("PLAIN", "PLAIN", None),
        ("plain AGEAYg==", "PLAIN", b"AGEAYg=="),
        ("LOGIN =", "LOGIN", b"="),
        ("SCRAM-SHA-256-PLUS x", "SCRAM-SHA-256-PLUS", b"x"),
        ("PLAIN ü", "PLAIN", "ü".encode()),  # it is looked at later
    ],
)
def test_auth(argument: str, mechanism: str, initial: bytes | None) -> None:
    assert grammar.auth(argument) == events.Auth(mechanism, initial)


@pytest.mark.parametrize(
    ("argument", "octets", "last"),
    [
        ("0", 0, False),
        ("86 LAST", 86, True),
        ("86  last", 86, True),
        ("000000000000000007", 7, False),
        ("9" * 18 + " Last", 10**18 - 1, True),
    ],
)
def test_bdat(argument: str, octets: int, last: bool) -> None:
    assert grammar.bdat(argument) == grammar.Bdat(octets, last)


def test_the_others() -> None:
    assert grammar.verify("alice") == events.Verify()
    assert grammar.alone(events.Quit())("") == events.Quit()
    for argument in ("", "anything at all"):
        assert grammar.anything(events.Noop())(argument) == events.Noop()


@pytest.mark.parametrize(
    ("parse", "argument", "code", "status"),
    [
        (grammar.hello(True), "", 501, ""),
        (grammar.hello(True), "a b", 501, ""),
        (grammar.hello(True), "a\tb", 501, ""),
        (grammar.hello(False), "x" * 256, 501, ""),
        (grammar.hello(False), "ü" * 128, 501, ""),
        (grammar.mail, "", 501, "5.5.4"),
        (grammar.mail, "FROM:<POSTmaster>", 501, "5.1.7"),  # RFC 5321 4.1.1.3: a forward-path alone
        (grammar.mail, "<a@example.test>", 501, "5.5.4"),
        (grammar.mail, "TO:<a@example.test>", 501, "5.5.4"),
        (grammar.mail, "FROM<a@example.test>", 501, "5.5.4"),
        (grammar.mail, "FROM:", 501, "5.1.7"),
        (grammar.mail, "FROM:a@example.test", 501, "5.1.7"),
        (grammar.mail, "FROM:<a@>", 501, "5.1.7"),
        (grammar.mail, "FROM:<alice>", 501, "5.1.7"),
        (grammar.mail, "FROM:<a@example.test>SIZE=1", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test>\tSIZE=1", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> SIZE=1\tBODY=7BIT", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> SIZE=1\x1cBODY=7BIT", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> SIZE=1\xa0BODY=7BIT", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> SIZE=", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> =1", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> A=B=C", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> -A=B", 501, "5.5.4"),
        (grammar.mail, "FROM:<a@example.test> SIZE=1 size=2", 501, "5.5.4"),
        (grammar.mail, "FROM:<\x80@example.test>", 501, "5.1.7"),
        (grammar.mail, "FROM:<a@exämple..test>", 501, "5.1.7"),
        (grammar.rcpt, "FROM:<a@example.test>", 501, "5.5.4"),
        (grammar.rcpt, "TO:<>", 501, "5.1.3"),
        (grammar.rcpt, "TO:<alice>", 501, "5.1.3"),
        *(
            (grammar.bdat, argument, 501, "5.5.4")
            for argument in ("", "x", "-1", "+1", "1.0", "0x10", "1 2", "1 LASTING", "1LAST", "LAST", "٣", "1 LAſT")
        ),
        (grammar.bdat, "9" * 19, 501, "5.5.4"),
        (grammar.auth, "", 501, "5.5.4"),
        (grammar.auth, "PLAIN a b", 501, "5.5.4"),
        (grammar.auth, "PLAIN  a", 501, "5.5.4"),
        (grammar.auth, "PL@IN", 501, "5.5.4"),
        (grammar.auth, "X" * 21, 501, "5.5.4"),
        (grammar.verify, "", 501, "5.5.4"),
        (grammar.alone(events.Data()), "now", 501, "5.5.4"),
    ],
)
def test_refused(parse: Callable[[str], Event | grammar.Bdat], argument: str, code: int, status: str) -> None:
    with pytest.raises(grammar.Unparsable) as error:
        parse(argument)
    assert (error.value.reply.code, error.value.reply.status) == (code, status)
    assert str(error.value) == str(error.value.reply)


PARSERS: list[Callable[[str], Event | grammar.Bdat]] = [
    grammar.bdat,
    grammar.hello(True),
    grammar.mail,
    grammar.rcpt,
    grammar.auth,
    grammar.verify,
    grammar.alone(events.Data()),
    grammar.anything(events.Noop()),
]


@given(
    st.sampled_from(PARSERS),
    st.one_of(
        st.text(max_size=20),
        st.builds(
            "{}{}".format,
            st.sampled_from(["FROM:<a@b>", "TO:<a@b>", "FROM:<", "to: ", "PLAIN ", "1"]),
            st.text(" =\t<>@:aZ0-\x00\xa0LAST", max_size=10),
        ),
    ),
)
def test_any_argument_is_an_event_or_unparsable(parse: Callable[[str], Event | grammar.Bdat], argument: str) -> None:
    try:
        parse(argument)
    except grammar.Unparsable as error:
        assert 500 <= error.reply.code < 600
