"""What goes out over HTTP, whatever a stranger has written into a message."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http_headers import Headers

from mailgate.control.answering import Answer, refused
from mailgate.control.calls import STATUSES, CallError, Octets
from mailgate.control.replying import Reply, disposition, media_type, refusal, reply_of, write_head


class Request:
    """As much of one as an answer's head needs."""

    def __init__(self) -> None:
        self.responseHeaders = Headers({"Server": ["TwistedWeb/26.10.0"]})
        self.code = 0

    def setResponseCode(self, code: int) -> None:
        self.code = code


def head_of(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    request = Request()
    octets = write_head(request, reply)  # type: ignore[arg-type]
    fields = {name.decode(): b"|".join(values).decode() for name, values in request.responseHeaders.getAllRawHeaders()}
    return request.code, fields, octets


SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


def test_json() -> None:
    assert head_of(reply_of(Answer(b"[]"))) == (
        200,
        {"Content-Type": "application/json; charset=utf-8", "Content-Length": "2", **SAFE},
        b"[]",
    )


def test_octets_are_for_saving_alone() -> None:
    assert head_of(reply_of(Answer(Octets(b"<script>", "text/html", "page.html")))) == (
        200,
        {
            "Content-Type": "text/html",
            "Content-Disposition": "attachment; filename*=UTF-8''page.html",
            "Content-Length": "8",
            **SAFE,
        },
        b"<script>",
    )


def test_an_errors_status_is_that_of_its_kind() -> None:
    for kind, status in STATUSES.items():
        assert reply_of(refused(CallError(kind, "no"))).status == status


def test_a_refusal_of_https_own() -> None:
    code, fields, octets = head_of(refusal("bad", "no", status=405, fields={"Allow": "GET"}))
    assert (code, fields["Allow"]) == (405, "GET")
    assert octets == b'{"error": {"kind": "bad", "message": "no"}}'
    assert refusal("missing", "no").status == 404


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("text/plain", "text/plain"),
        ("TEXT/HTML; charset=utf-8", "text/html"),
        ("image/svg+xml", "image/svg+xml"),
        (" a/b ;x", "a/b"),
        ("", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("text/", "application/octet-stream"),
        ("text/a/b", "application/octet-stream"),
        ("text/html\r\nSet-Cookie: a=b", "application/octet-stream"),
        ("text/html\n", "text/html"),
        ("te xt/html", "application/octet-stream"),
        ("tëxt/html", "application/octet-stream"),
        ("a/" + "b" * 128, "application/octet-stream"),
    ],
)
def test_media_types(text: str, sent: str) -> None:
    assert media_type(text) == sent


@pytest.mark.parametrize(
    ("filename", "saved"),
    [
        ("", None),
        ("report.pdf", "report.pdf"),
        ("Über uns.pdf", "Über uns.pdf"),
        ("../../.ssh/authorized_keys", ".._.._.ssh_authorized_keys"),
        ("c:\\x", "c:_x"),
        ("a\";b=c'", "a\";b=c'"),
        ("a\r\nSet-Cookie: b", "a__Set-Cookie: b"),
        ("fdp\u202egpj", "fdp_gpj"),
        ("\ud800", "_"),
        ("x" * 500, "x" * 120),
    ],
)
def test_filenames(filename: str, saved: str | None) -> None:
    text = disposition(filename)
    kind, _, name = text.partition("; filename*=UTF-8''")
    assert (kind, unquote(name) if name else None) == ("attachment", saved)


@given(st.text() | st.text(alphabet="/;\"\r\n\\'%a"))
def test_nothing_in_mail_writes_a_field_of_its_own(text: str) -> None:
    _, fields, _ = head_of(Reply(200, Octets(b"", text, text)))
    assert len(fields) == 6
    for value in fields.values():
        assert value.isascii() and value.isprintable()
    assert len(fields["Content-Disposition"]) < 1_700
    assert fields["Content-Disposition"].count(";") <= 1
