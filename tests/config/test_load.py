"""From file and overrides to a Config, or to every fault at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mailgate.config import POP3, SMTP, TLS, Config, ConfigError, Handler, check, load

SHOWN = (Path(__file__).parent / "shown.toml").read_text()


class Home:
    """A directory with a configuration."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "mailgate.toml"

    def write(self, text: str) -> str:
        self.file.write_text(text)
        return str(self.file)

    def faults(self, text: str, *overrides: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(self.write(text), overrides)
        assert str(caught.value) == "\n".join(map(str, caught.value.faults))
        return [str(fault).removeprefix(f"{self.root}/") for fault in caught.value.faults]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_configuration_that_the_documentation_shows(home: Home) -> None:
    config = load(home.write(SHOWN))
    assert config.hostname == "mx.example.test"
    assert config.tls == TLS(certificate="/var/lib/mailgate/tls/cert.pem", key="/var/lib/mailgate/tls/key.pem")
    assert config.accounts.directory == "/var/lib/mailgate/domains"
    assert config.store.directory == "/var/lib/mailgate/mail"
    assert config.handler == (Handler(use="loop-guard", options={"max_hops": 50}),)
    assert [f"{key} {listener}" for key, listener in config.listeners()] == [
        "smtp.listen tcp:25",
        "submission.listen tcp:587",
        "submission.listen_tls tcp:465",
        "pop3.listen tcp:110",
        "pop3.listen_tls tcp:995",
    ]


def test_units(home: Home) -> None:
    config = load(home.write('drain = 5\n[smtp]\nmax_message = "1 GiB"\n[store]\nmemory = 4096\n'))
    assert (config.drain, config.smtp.max_message, config.store.memory) == (5.0, 1 << 30, 4096)


def test_a_relative_state_belongs_to_the_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.write('state = "state"')
    assert load(path).state == f"{home.root}/state"
    monkeypatch.chdir(home.root)
    assert load("mailgate.toml").store.directory == f"{home.root}/state/mail"
    assert load(None, ["state=state"]).state == f"{home.root}/state"


def test_every_fault_at_once(home: Home) -> None:
    faults = home.faults(
        """\
        hostname = 1
        [smtp]
        lisen = ["tcp:25"]
        max_recipients = 5
        [submission]
        listen = ["tcp:25", "tpc:587"]
        [pop3]
        listen = ["tcp6:25"]
        allow_plaintext = true
        """
    )
    assert faults == [
        "mailgate.toml: hostname: expected text in quotes, not 1",
        "mailgate.toml: smtp.lisen: unknown key (did you mean 'listen'?)",
        "mailgate.toml: submission.listen[2]: unknown type of listener 'tpc'; did you mean 'tcp'?",
        "mailgate.toml: smtp.max_recipients: at least 100 (RFC 5321 4.5.3.1.8)",
        "mailgate.toml: submission.listen: nobody could log in without TLS (set certificate and key in [tls], "
        "or submission.allow_plaintext = true where nobody can listen in)",
        "mailgate.toml: submission.listen: tcp:25 wants the same port as tcp6:25 of pop3.listen "
        "(tcp6: takes IPv4 too, leave out tcp:)",
    ]


@pytest.mark.parametrize("tls", ["[tsl]\ncertificate='a'\nkey='b'\n", "[tls]\ncertificate = 1\nkey='b'\n", "tls = 1\n"])
def test_no_rule_is_held_against_what_was_not_understood(home: Home, tls: str) -> None:
    assert len(home.faults(tls + "[pop3]\nlisten = ['tcp:110']\nlisten_tls = ['tcp:995']\n")) == 1


def test_a_handler_that_was_not_understood_confuses_no_other(home: Home) -> None:
    faults = home.faults("[[handler]]\nuse = 1\ntimeout = 0\n[[handler]]\nuse = ''\non_error = 1\n")
    assert [fault.split(" (")[0] for fault in faults] == [
        "mailgate.toml: handler[1].use: expected text in quotes, not 1",
        "mailgate.toml: handler[2].on_error: expected 'defer' or 'skip', not 1",
        "mailgate.toml: handler[1].timeout: more than 0",
        "mailgate.toml: handler[2].use: the name is empty",
    ]
    assert home.faults("handler = ['a']\n") == ["mailgate.toml: handler[1]: expected a table, not 'a'"]
    assert home.faults("handler = [{}]\n") == ["mailgate.toml: handler[1].use: missing"]


def test_a_syntax_error_has_its_line(home: Home) -> None:
    assert home.faults('hostname = "a"\n[smtp\n') == [
        "mailgate.toml:2: Expected ']' at the end of a table declaration (TOML syntax)"
    ]


def test_files_that_cannot_be_read(home: Home) -> None:
    for path, what in ((str(home.file), "No such file or directory"), (str(home.root), "Is a directory")):
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert [str(fault) for fault in caught.value.faults] == [f"{path}: cannot be read: {what}"]
    home.file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(str(home.file))


def test_overrides(home: Home) -> None:
    config = load(
        home.write(SHOWN),
        [
            "hostname=localhost",
            "smtp.listen=tcp:2525",
            'submission.listen=["tcp:0", "tcp:0:interface=127.0.0.1"]',
            "submission.listen_tls=[]",
            "submission.allow_plaintext=true",
            "smtp.max_message=1 MiB",
            "pop3.idle_timeout=600",
            "pop3.idle_timeout=20m",
            "state=/tmp/x",
            "log.format=json",
            'handler=[{use = "add-field", value = "a=b"}]',
        ],
    )
    assert config.hostname == "localhost"
    assert config.smtp == SMTP(listen=("tcp:2525",), max_message=1 << 20)  # type: ignore[arg-type]
    assert config.submission.listen == ("tcp:0", "tcp:0:interface=127.0.0.1")
    assert config.submission.listen_tls == ()
    assert config.submission.allow_plaintext
    assert config.pop3.idle_timeout == 1200.0
    assert config.tls.key == "/tmp/x/tls/key.pem"
    assert config.log.format == "json"
    assert config.handler == (Handler(use="add-field", options={"value": "a=b"}),)


def test_text_that_is_toml_of_several_lines_is_text() -> None:
    with pytest.raises(ConfigError, match=r"--set hostname: .* not a domain name"):
        load(None, ["hostname='a'\nstate='b'"])


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("smtp.lisen=tcp:0", "--set smtp.lisen: unknown key (did you mean 'listen'?)"),
        ("smpt.listen=tcp:0", "--set smpt.listen: unknown key (did you mean 'smtp'?)"),
        ("hostname=1", "--set hostname: expected text in quotes, not 1"),
        ("hostname.x=1", "--set hostname.x: expected text in quotes, not a table"),
        ("smtp.listen=tpc:0", "--set smtp.listen[1]: unknown type of listener 'tpc'; did you mean 'tcp'?"),
        ("smtp.max_recipients=few", "--set smtp.max_recipients: expected a whole number, not 'few'"),
        ("smtp.max_recipients=5", "--set smtp.max_recipients: at least 100 (RFC 5321 4.5.3.1.8)"),
        ("smtp.listen", '--set smtp.listen: expected section.key=value (such as "smtp.listen=tcp:2525")'),
        ("=x", '--set =x: expected section.key=value (such as "smtp.listen=tcp:2525")'),
        ("handler.0.use=x", "--set handler.0.use: expected a list: tables, [[…]]"),
    ],
)
def test_faults_of_overrides_name_the_option(home: Home, override: str, fault: str) -> None:
    assert home.faults(SHOWN, override) == [fault]


def test_defaults_lie_below_file_and_overrides(home: Home) -> None:
    defaults = {"hostname": "dev", "pop3": {"listen": ["tcp:2110"], "allow_plaintext": True}}
    config = load(None, ["pop3.listen=tcp:0"], defaults)
    assert (config.hostname, config.pop3) == ("dev", POP3(listen=("tcp:0",), allow_plaintext=True))  # type: ignore[arg-type]
    assert load(home.write("hostname = 'file'"), [], defaults).hostname == "file"
    assert defaults["pop3"] == {"listen": ["tcp:2110"], "allow_plaintext": True}
    assert load(None) == load(home.write("")) != Config()


def checked(path: str | None, *overrides: str) -> list[str]:
    return [str(fault).split(" (")[0] for fault in check(path, overrides).faults]


def test_check_tells_all_at_once(home: Home) -> None:
    (home.root / "domains" / "example.test").mkdir(parents=True)
    (home.root / "domains" / "example.test" / "users").write_text("alice:{PLAIN}x\n")
    (home.root / "domains" / "example.test" / "aliases").write_text("info: alcie\n")
    path = home.write('state = "."\ndrian = "1s"\n')
    faults = [fault.replace(f"{home.root}/", "") for fault in checked(path, "smtp.max_recipients=1")]
    assert faults == [
        "mailgate.toml: drian: unknown key",
        "--set smtp.max_recipients: at least 100",
        "mailgate.toml: smtp.listen: nothing listens, in no section",
        "domains/example.test/aliases:1: alias to nobody: info@example.test leads to alcie@example.test",
    ]


def test_check_of_what_is_right_and_of_what_is_no_toml(home: Home) -> None:
    (home.root / "domains").mkdir()
    good = "state = '.'\nsmtp.listen = ['tcp:25']\n"
    reading = check(home.write(good))
    assert (reading.config, reading.faults) == (load(str(home.file)), ())
    reading = check(home.write("state ="))
    assert reading.config is None and [fault.where for fault in reading.faults] == [f"{home.file}:1"]
    (home.root / "domains").rmdir()
    (fault,) = check(home.write(good)).faults
    assert "no such directory of accounts" in fault.what
    assert check(str(home.file), development=True).faults == ()


@pytest.mark.parametrize("said", ["state = 1", "[accounts]\ndirectory = 1", "[accounts]\ndirectory = ''", "stat = '.'"])
def test_accounts_are_not_looked_for_where_they_are_not(home: Home, said: str) -> None:
    assert len(checked(home.write(f"smtp.listen = ['tcp:25']\n{said}\n"))) == 1


@pytest.mark.parametrize("said", ["smtp.listen = ['tpc:25']", "smtp.listen = 1", "[smpt]\nlisten = ['tcp:25']"])
def test_what_listens_was_perhaps_not_understood(home: Home, said: str) -> None:
    (home.root / "domains").mkdir()
    (fault,) = checked(home.write(f"state = '.'\n{said}\n"))
    assert "nothing listens" not in fault


def test_a_byte_order_mark_is_forgiven(home: Home) -> None:
    assert load(home.write("\ufeffhostname = 'mx'\n")).hostname == "mx"


def test_importing_it_installs_no_reactor() -> None:
    code = "import sys, mailgate.config; print('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_only_development_may_have_faults_on_demand(home: Home) -> None:
    (home.root / "domains").mkdir()
    file = home.write("state = '.'\nsmtp.listen = ['tcp:25']\ntesting.faults = true\n")
    (fault,) = check(file).faults
    assert fault.where == f"{file}: testing.faults"
    assert check(file, development=True).faults == ()


def test_a_server_that_runs_has_read_its_accounts(home: Home) -> None:
    path = home.write("[smtp]\nlisten = ['tcp:25']\n[accounts]\ndirectory = 'none'\n")
    assert check(path, at_start=True).faults
    assert check(path, running=True).faults == ()
    assert check(path, ["testing.faults=true"], running=True).faults
