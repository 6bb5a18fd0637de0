"""The pages for monitoring: who may see what, and that Prometheus can read it."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open_metrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from twisted.internet.task import Clock

from mailgate import facts
from mailgate.control.health import health_pages
from mailgate.control.http import make_site
from mailgate.metrics.instruments import Certificate
from tests.control.doors import HTTPAnswer, HTTPClient, new_id
from tests.metrics.gateway import State
from tests.metrics.samples import a

TOKEN = {"Authorization": "Bearer s3cret"}


def client(state: State, token: str | None = "s3cret") -> HTTPClient:
    pages = health_pages(state.instruments.failing, state.instruments.families)
    return HTTPClient(make_site({}, token, Clock(), new_id, pages))


def metrics(state: State, accept: str = "") -> HTTPAnswer:
    answer = client(state).ask("GET", "/metrics", {**TOKEN, "Accept": accept})
    assert answer.status == 200
    return answer


def samples(state: State) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every number, as Prometheus reads it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in read_text(metrics(state).body.decode())
        for sample in family.samples
    }


# Who may see what.


def test_it_lives() -> None:
    answer = client(State()).ask("GET", "/livez")
    assert (answer.status, answer.body, answer.fields["Content-Type"]) == (200, b"ok\n", "text/plain; charset=utf-8")
    assert "Content-Disposition" not in answer.fields


def test_it_is_ready() -> None:
    answer = client(State()).ask("GET", "/readyz")
    assert (answer.status, answer.json) == (200, {"ready": True})


def test_it_is_not_ready_and_only_friends_learn_why() -> None:
    state = State()
    state.not_ready = "/var/lib/mailgate cannot be written"
    told = {"ready": False, "reasons": {"store": "/var/lib/mailgate cannot be written"}}
    answer = client(state).ask("GET", "/readyz")
    assert (answer.status, answer.json) == (503, {"ready": False})
    assert client(state).ask("GET", "/readyz", {"Authorization": "Bearer wrong"}).json == {"ready": False}
    answer = client(state).ask("GET", "/readyz", TOKEN)
    assert (answer.status, answer.json) == (503, told)
    assert client(state, token=None).ask("GET", "/readyz").json == told  # nobody is asked for one


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/readyz?verbose"])
def test_probes_have_to_be_of_this_machine(path: str) -> None:
    state = State()
    assert client(state).ask("GET", path, {"Host": "evil.example"}).status == 403
    assert client(state, token=None).ask("GET", path, {"Host": "evil.example"}).status == 403
    assert client(state).ask("GET", path, {"Host": "mx.example.org", **TOKEN}).status == 200
    assert client(state).ask("GET", path, {"Origin": "https://evil.example"}).status == 403


def test_the_others_need_the_token() -> None:
    for path in ("/metrics", "/api/v1/messages", "/", "/livez/", "/%6civez"):
        assert client(State()).ask("GET", path).status == 401, path
    assert client(State(), token=None).ask("GET", "/metrics").status == 200


def test_probes_bring_nothing() -> None:
    answer = client(State()).ask("POST", "/livez", body=b"x")
    assert answer.status == 401
    assert client(State()).ask("POST", "/livez", TOKEN, body=b"x").status == 405
    assert client(State()).ask("HEAD", "/livez").status == 200


# What Prometheus reads.


def test_what_was_counted() -> None:
    state = State()
    state.tell(
        a(facts.Connected, session="1", listener="smtp"),
        a(facts.Accepted, listener="smtp", octets=100, recipients=("a", "b"), reply_sent=True),
        a(facts.Handled, handler='odd "name"\\\n', result="passed", seconds=0.02),
    )
    state.certificates = [Certificate("mx.example.org", 1_800_000_000.0)]
    number = state.commits.begin()
    state.clock.advance(0.003)
    state.commits.end(number, committed=True)
    found = samples(state)
    messages = (("code", "2xx"), ("listener", "smtp"), ("result", "accepted"))
    assert found["mailgate_messages_total", messages] == 1
    assert found["mailgate_message_bytes_total", (("listener", "smtp"),)] == 100
    assert found["mailgate_sessions_open", (("listener", "smtp"), ("tls", "none"))] == 1
    handler = ("handler", 'odd "name"\\\n')
    assert found["mailgate_handler_seconds_bucket", (handler, ("le", "0.01"))] == 0
    assert found["mailgate_handler_seconds_bucket", (handler, ("le", "0.05"))] == 1
    assert found["mailgate_handler_seconds_bucket", (handler, ("le", "+Inf"))] == 1
    assert found["mailgate_handler_seconds_count", (handler,)] == 1
    assert found["mailgate_handler_seconds_sum", (handler,)] == 0.02
    assert found["mailgate_commit_seconds_bucket", (("le", "0.005"),)] == 1
    assert found["mailgate_certificate_expiry_timestamp_seconds", (("name", "mx.example.org"),)] == 1_800_000_000
    assert found["mailgate_unexpected_errors_total", ()] == 0
    assert found["mailgate_info", (("node", "n1"), ("version", "1.2"))] == 1


def test_the_process() -> None:
    found = samples(State())
    assert found["process_open_fds", ()] > 0 and found["process_resident_memory_bytes", ()] > 1_000_000
    assert found["process_cpu_seconds_total", ()] > 0


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "text/plain; version=x", "text/plain;q"])
def test_text_is_for_everybody(accept: str) -> None:
    assert metrics(State(), accept).fields["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("version", ["; version=1.0.0; q=0.9, text/plain; q=0.3", "", "; version=x"])
def test_open_metrics_if_asked_for(version: str) -> None:
    state = State()
    state.tell(a(facts.Connected, session="1", listener="smtp"), a(facts.Handled, handler="exec", result="passed"))
    answer = metrics(state, f"application/openmetrics-text{version}")
    assert answer.fields["Content-Type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    read = {family.name: family for family in read_open_metrics(answer.body.decode())}  # type: ignore[no-untyped-call]
    assert read["mailgate_sessions"].samples[0].value == 1


def test_nothing_is_kept_by_caches() -> None:
    assert metrics(State()).fields["Cache-Control"] == "no-store"
