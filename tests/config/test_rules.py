"""Rules beyond types."""

from __future__ import annotations

import pytest

from mailgate.config import (
    HTTP,
    LMTP,
    POP3,
    SMTP,
    TLS,
    Accounts,
    Config,
    Handler,
    Limits,
    Listener,
    Maildrops,
    Store,
    Submission,
)
from mailgate.config.model import Testing as Tests
from mailgate.config.rules import breaches, liberties, silence
from mailgate.units import Octets, Seconds

CERTIFICATE = TLS(certificate="cert.pem", key="key.pem")


def listen(*texts: str) -> tuple[Listener, ...]:
    return tuple(Listener(text) for text in texts)


def broken(config: Config) -> list[tuple[str, str]]:
    return [(breach.keys[0], breach.what) for breach in breaches(config)]


def test_the_defaults_break_no_rule() -> None:
    assert broken(Config()) == []


def test_a_whole_house_breaks_no_rule() -> None:
    config = Config(
        tls=CERTIFICATE,
        smtp=SMTP(listen=listen("tcp6:25")),
        submission=Submission(listen=listen("tcp:587"), listen_tls=listen("tcp:465")),
        pop3=POP3(listen=listen("tcp:110"), listen_tls=listen("tcp:995")),
    )
    assert broken(config) == []


@pytest.mark.parametrize(
    ("config", "key", "what"),
    [
        (Config(hostname="a..b"), "hostname", "'a..b': not a domain"),
        (Config(hostname=""), "hostname", "not a domain"),
        (Config(hostname="müller.example"), "hostname", "not ASCII"),
        (Config(hostname=".".join(["a" * 50] * 4)), "hostname", "longer than 200 octets"),
        (Config(state=""), "state", "empty"),
        (Config(accounts=Accounts(directory="")), "accounts.directory", "empty"),
        (Config(store=Store(directory="")), "store.directory", "empty"),
        (Config(handler=(Handler(use="x"), Handler(use=""))), "handler[2].use", "empty"),
        (Config(smtp=SMTP(max_recipients=99)), "smtp.max_recipients", "4.5.3.1.8"),
        (Config(submission=Submission(max_recipients=0)), "submission.max_recipients", "4.5.3.1.8"),
        (Config(smtp=SMTP(max_message=Octets(65_535))), "smtp.max_message", "4.5.3.1.7"),
        (Config(smtp=SMTP(idle_timeout=Seconds(299.0))), "smtp.idle_timeout", "4.5.3.2.7"),
        (Config(submission=Submission(idle_timeout=Seconds(0.0))), "submission.idle_timeout", "4.5.3.2.7"),
        (Config(submission=Submission(smarthost_password="x")), "submission.smarthost_password", "no smarthost"),
        (Config(submission=Submission(smarthost_ca="x")), "submission.smarthost_ca", "no smarthost"),
        (Config(submission=Submission(smarthost="smtp:relay")), "submission.smarthost", "smtp+starttls://"),
        (
            Config(submission=Submission(smarthost="smtps://user@relay.example.org")),
            "submission.smarthost_password",
            "missing: user needs a password",
        ),
        (
            Config(submission=Submission(smarthost="smtps://relay.example.org", smarthost_password="x")),
            "submission.smarthost_password",
            "nobody needs it",
        ),
        (Config(accounts=Accounts(separators="a")), "accounts.separators", "'a'"),
        (Config(accounts=Accounts(ignore_dots=("a..b",))), "accounts.ignore_dots[1]", "not a domain"),
        (Config(lmtp=LMTP(max_recipients=99)), "lmtp.max_recipients", "4.5.3.1.8"),
        (Config(lmtp=LMTP(idle_timeout=Seconds(0.0))), "lmtp.idle_timeout", "more than 0"),
        (Config(lmtp=LMTP(listen=listen("unix:/x", "tcp:25"))), "lmtp.listen[2]", "RFC 2033 section 5"),
        (Config(limits=Limits(line=Octets(999))), "limits.line", "at least 1000 (RFC 5321 4.5.3.1.6)"),
        (Config(limits=Limits(hops=99)), "limits.hops", "at least 100 (RFC 5321 6.3)"),
        (Config(limits=Limits(connections=0)), "limits.connections", "at least 1"),
        (Config(limits=Limits(connections_per_client=-1)), "limits.connections_per_client", "at least 0"),
        (Config(limits=Limits(idle_commands=9)), "limits.idle_commands", "at least 10"),
        (Config(limits=Limits(session_timeout=Seconds(0.0))), "limits.session_timeout", "more than 0"),
        (Config(pop3=POP3(idle_timeout=Seconds(599.0))), "pop3.idle_timeout", "RFC 1939"),
        (Config(pop3=POP3(login_timeout=Seconds(0.0))), "pop3.login_timeout", "more than 0"),
        (Config(pop3=POP3(language="tlh")), "pop3.language", "'tlh' is no language that is there"),
        (Config(maildrops=Maildrops(keep_days=-1)), "maildrops.keep_days", "from 0 to 36500"),
        (Config(maildrops=Maildrops(removed_days=36_501)), "maildrops.removed_days", "from 0 to 36500"),
        (Config(maildrops=Maildrops(keep_messages=-1)), "maildrops.keep_messages", "from 0 to"),
        (Config(maildrops=Maildrops(keep_min_days=0)), "maildrops.keep_min_days", "from 1 to 36500"),
        (Config(maildrops=Maildrops(login_delay=Seconds(86_401.0))), "maildrops.login_delay", "0 and a day"),
        (Config(maildrops=Maildrops(dele="trash")), "maildrops.dele", "keeps nothing"),
        (Config(handlers_timeout=Seconds(0.0)), "handlers_timeout", "more than 0"),
        (Config(handler=(Handler(use="x", timeout=Seconds(0.0)),)), "handler[1].timeout", "more than 0"),
        (Config(tls=TLS(certificate="cert.pem")), "tls.key", "missing"),
        (Config(tls=TLS(key="key.pem")), "tls.certificate", "missing"),
        (Config(submission=Submission(listen_tls=listen("tcp:465"))), "submission.listen_tls", "needs a certificate"),
        (Config(pop3=POP3(listen_tls=listen("tcp:995"))), "pop3.listen_tls", "needs a certificate"),
        (Config(pop3=POP3(listen=listen("tcp:110"))), "pop3.listen", "nobody could log in"),
        (Config(submission=Submission(listen=listen("tcp:587"))), "submission.listen", "nobody could log in"),
    ],
)
def test_one_rule_broken(config: Config, key: str, what: str) -> None:
    ((found, words),) = broken(config)
    assert found == key
    assert what in words


@pytest.mark.parametrize("hostname", ["localhost", "mx.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"])
def test_hostnames(hostname: str) -> None:
    assert broken(Config(hostname=hostname)) == []


def test_something_listens() -> None:
    assert list(silence(Config(smtp=SMTP(listen=listen("tcp:25"))))) == []
    (breach,) = silence(Config())
    assert breach.keys[0] == "smtp.listen" and "pop3.listen_tls" in breach.keys and breach.whole


def test_logins_in_clear_where_that_is_meant() -> None:
    assert broken(Config(pop3=POP3(listen=listen("tcp:110"), allow_plaintext=True))) == []


@pytest.mark.parametrize("tag", ["en", "de", "DE"])
def test_languages(tag: str) -> None:
    assert broken(Config(pop3=POP3(language=tag))) == []


def test_a_trash_that_keeps_something() -> None:
    assert broken(Config(maildrops=Maildrops(dele="trash", removed_days=1))) == []


def test_a_clash_names_both_keys() -> None:
    config = Config(
        smtp=SMTP(listen=listen("tcp:25", "tcp6:25")), pop3=POP3(listen=listen("tcp:25"), allow_plaintext=True)
    )
    found = list(breaches(config))
    assert [breach.keys for breach in found] == [
        ("smtp.listen", "smtp.listen"),
        ("smtp.listen", "pop3.listen"),
        ("smtp.listen", "pop3.listen"),
    ]
    assert found[0].what == "tcp:25 wants the same port as tcp6:25 of smtp.listen"
    assert "takes IPv4 too" in found[0].hint
    assert found[1].hint == ""


TOKEN = "/etc/mailgate/token"


@pytest.mark.parametrize(
    "listener", ["tcp:8025:interface=127.0.0.1", r"tcp6:8025:interface=\:\:1", "unix:/run/mailgate/http"]
)
def test_http_on_loopback_with_a_token(listener: str) -> None:
    assert list(liberties(Config(http=HTTP(listen=listen(listener), token=TOKEN)))) == []


@pytest.mark.parametrize(
    ("config", "key", "what"),
    [
        (Config(http=HTTP(listen=listen("tcp:8025"), token=TOKEN)), "http.listen[1]", "others could reach it"),
        (Config(http=HTTP(listen=listen("tcp:1:interface=192.0.2.1"), token=TOKEN)), "http.listen[1]", "others could"),
        (Config(http=HTTP(listen=listen("tcp:1:interface=127.0.0.1"))), "http.token", "missing"),
        (Config(testing=Tests(faults=True)), "testing.faults", "development mode alone"),
    ],
)
def test_what_a_server_may_not(config: Config, key: str, what: str) -> None:
    (breach,) = liberties(config)
    assert breach.keys[0] == key and what in breach.what and breach.hint
    assert broken(config) == []
