"""Mail for other systems: through a second gateway, which stands in for the smarthost, over verified TLS."""

from __future__ import annotations

import poplib
import re
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import Daemon, development

ALICE, FAR, FARTHER = "alice@example.test", "x@elsewhere.example", "y@elsewhere.example"
CONTENT = b"Subject: far\r\n\r\n.\r\nGr\xc3\xbc\xc3\x9fe\r\n"
PASSWORD = "hush-hush"
LIMIT_OCTETS = 70_000


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Daemon]:
    """The smarthost: takes anything that is not too big, from anybody who logs in."""
    directory = tmp_path / "relay"
    directory.mkdir()
    daemon = development(directory, "--set", f"submission.max_message={LIMIT_OCTETS}")
    yield daemon
    daemon.stop()


def our_own(directory: Path, relay: Daemon, scheme: str, door: str, *, trusted: bool = True) -> Daemon:
    """A gateway that sends through the relay."""
    directory.mkdir()
    lay_out(directory)
    password = directory / "state" / "password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    mail = re.search(r"^  mail +(\S+)", "".join(relay.output.said), re.MULTILINE)
    assert mail is not None
    settings = {
        "smarthost": f"{scheme}://gateway@localhost:{relay.ports[door]}",
        "smarthost_password": "password",
        "smarthost_ca": str(Path(mail[1]).with_name("cert.pem")) if trusted else "tls/cert.pem",
    }
    words = [word for key, value in settings.items() for word in ("--set", f"submission.{key}={value}")]
    daemon = Daemon(words, directory)
    daemon.wait_for(r"pop3\.listen_tls")
    return daemon


def submit(daemon: Daemon, context: ssl.SSLContext, *recipients: str, content: bytes = CONTENT) -> tuple[int, bytes]:
    """The reply to the final dot."""
    port = daemon.ports["submission.listen_tls"]
    with smtplib.SMTP_SSL("127.0.0.1", port, timeout=20, context=context) as smtp:
        smtp.login(ALICE, "wonderland")
        assert smtp.docmd("MAIL", f"FROM:<{ALICE}>")[0] == 250
        for recipient in recipients:
            assert smtp.docmd("RCPT", f"TO:<{recipient}>")[0] == 250
        return smtp.data(content)


def maildrop(daemon: Daemon, context: ssl.SSLContext, user: str, password: str) -> list[bytes]:
    box = poplib.POP3_SSL("127.0.0.1", daemon.ports["pop3.listen_tls"], timeout=10, context=context)
    box.user(user)
    box.pass_(password)
    messages = [b"".join(line + b"\r\n" for line in box.retr(number)[1]) for number in range(1, box.stat()[0] + 1)]
    box.quit()
    return messages


@pytest.mark.parametrize(
    ("scheme", "door"), [("smtp+starttls", "submission.listen"), ("smtps", "submission.listen_tls")]
)
def test_a_submission_goes_out_and_comes_in(
    scheme: str, door: str, relay: Daemon, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    ours = our_own(tmp_path / "ours", relay, scheme, door)
    try:
        code, text = submit(ours, trusting, FAR, ALICE, FARTHER)
        assert (code, text.split()[2]) == (250, b"accepted")
        for user in (FAR, FARTHER):
            (message,) = maildrop(relay, trusting, user, "any")
            assert message.endswith(CONTENT) and b"with ESMTPSA (TLSv1.3" in message
            assert message.count(b"\r\nDelivered-To: ") == 1  # what belongs to one copy alone did not go out
        (message,) = maildrop(ours, trusting, ALICE, "wonderland")
        assert message.endswith(CONTENT)
        ours.wait_for(rf"relayed \S+ to <{FAR}>, <{FARTHER}> through localhost:\d+: 250 2\.0\.0")
    finally:
        ours.stop()
    assert PASSWORD not in "".join(ours.output.said)


def test_what_the_smarthost_refuses_nobody_has(relay: Daemon, trusting: ssl.SSLContext, tmp_path: Path) -> None:
    ours = our_own(tmp_path / "ours", relay, "smtp+starttls", "submission.listen")
    try:
        big = CONTENT + b"x" * 70 * 1000 + b"\r\n"
        code, text = submit(ours, trusting, ALICE, FAR, content=big)
        assert (code, text[:5]) == (552, b"5.3.4")
        relay.stop()
        code, text = submit(ours, trusting, ALICE, FAR)
        assert (code, text[:5]) == (451, b"4.4.1")
        assert maildrop(ours, trusting, ALICE, "wonderland") == []
    finally:
        ours.stop()


def test_a_smarthost_that_does_not_show_who_it_is(relay: Daemon, trusting: ssl.SSLContext, tmp_path: Path) -> None:
    ours = our_own(tmp_path / "ours", relay, "smtps", "submission.listen_tls", trusted=False)
    try:
        code, text = submit(ours, trusting, FAR)
        assert (code, text[:5]) == (451, b"4.7.0")
        ours.wait_for("not relayed .*smarthost_ca")
        assert maildrop(relay, trusting, FAR, "any") == []
    finally:
        ours.stop()
