"""From an empty machine to a mail that came by STARTTLS and was read by POP3S: the steps of docs/operations.md, timed.

`make empty-machine`, or `python -m tests.empty_machine`. The machine is a temporary home with nothing in it; root lets
"nobody" live there. It ends with 1 if a step fails, and says which.
"""

from __future__ import annotations

import os
import poplib
import pwd
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
ADDRESS: Final = "you@example.org"
HOST: Final = "mx.example.org"
PASSWORD: Final = "correct horse battery staple"
LISTENERS: Final = ("smtp.listen", "submission.listen", "submission.listen_tls", "pop3.listen", "pop3.listen_tls")
INSTALL_SECONDS: Final = 600
STEP_SECONDS: Final = 60
_LISTENING: Final = re.compile(r"listening on 127\.0\.0\.1:(\d+) \((\S+)\)")


class Failed(Exception):
    """A step did not come to its end; the message says why."""


class Machine:
    """A home with nothing in it, and who lives there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = home / "mailgate"
        self.data = home / ".local" / "share" / "mailgate"
        self.ports: dict[str, int] = {}
        self.server: subprocess.Popen[str] | None = None
        self._circumstances: dict[str, Any] = {
            "cwd": home,
            "env": {"HOME": str(home), "PATH": f"{self.environment}/bin:{os.defpath}"},
        }
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._circumstances |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(home, nobody.pw_uid, nobody.pw_gid)

    def make_environment(self) -> str:
        """Step 1, like the second one the work of whoever administers the machine."""
        python = self._python()
        self._administer([python, "-m", "venv", str(self.environment)])
        return self._administer([self._command("python"), "--version"]).strip()

    def install(self) -> str:
        """Step 2."""
        self._administer([self._command("pip"), "install", "--quiet", str(ROOT)])
        self._administer([self._command("twistd"), "--help"])
        return self._run([self._command("mailgate"), "--version"]).strip()

    def set_up(self) -> str:
        """Step 3."""
        self._run([self._command("mailgate"), "init", ADDRESS, "--stdin"], f"{PASSWORD}\n")
        configuration = str(self.data / "mailgate.toml")
        return self._run([self._command("twistd"), "mailgate", "--config", configuration, "--check"]).strip()

    def start(self) -> str:
        """Step 4: on free ports instead of 2525 and so on, as somebody may have those."""
        ports = [word for key in LISTENERS for word in ("--set", f"{key}=tcp:0:interface=127.0.0.1")]
        configuration = str(self.data / "mailgate.toml")
        words = [self._command("twistd"), "-n", "--pidfile=", "mailgate", "--config", configuration, *ports]
        self.server = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **self._circumstances
        )
        assert self.server.stdout is not None
        said = []
        for line in self.server.stdout:
            said.append(line)
            if (found := _LISTENING.search(line)) is not None:
                self.ports[found[2]] = int(found[1])
            if len(self.ports) == len(LISTENERS):
                Thread(target=self.server.stdout.read, daemon=True).start()  # a full pipe would hold it up
                return f"ports {', '.join(map(str, self.ports.values()))}"
        raise Failed("".join(said))

    def receive(self) -> str:
        """Step 5: as another mail server would, but that this one looks at the certificate."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "bob@example.net", ADDRESS, "It works"
        message.set_content("From an empty machine.\n")
        with smtplib.SMTP(timeout=STEP_SECONDS) as smtp:
            smtp.connect("127.0.0.1", self.ports["smtp.listen"])
            smtp._host = HOST  # type: ignore[attr-defined]  # the name that the certificate has to have
            smtp.starttls(context=self._verifying())
            cipher = smtp.sock.cipher() if isinstance(smtp.sock, ssl.SSLSocket) else None
            smtp.send_message(message)
        return f"smtplib, {cipher[1]}, certificate verified" if cipher else ""

    def read(self) -> str:
        """Step 6: with curl if it is there, which looks at the certificate, too."""
        if shutil.which("curl") is None:
            content, reader = self._read_by_poplib(), "poplib"
        else:
            content, reader = self._read_by_curl(), "curl"
        if "Subject: It works" not in content or "with ESMTPS" not in content or "empty machine." not in content:
            raise Failed(f"this is not the message:\n{content}")
        return f"{reader}, certificate verified"

    def stop(self) -> str:
        """Step 7."""
        if self.server is None or self.server.poll() is not None:
            return ""
        self.server.terminate()
        try:
            self.server.wait(STEP_SECONDS)
        except subprocess.TimeoutExpired:
            self.server.kill()
            raise Failed("it did not stop, and was killed") from None
        return ""

    def _read_by_curl(self) -> str:
        port = self.ports["pop3.listen_tls"]
        words = ["curl", "--silent", "--show-error", "--cacert", str(self._certificate()), "--config", "-"]
        words += ["--resolve", f"{HOST}:{port}:127.0.0.1", f"pop3s://{HOST}:{port}/1"]
        return self._run(words, f'user = "{ADDRESS}:{PASSWORD}"\n')

    def _read_by_poplib(self) -> str:
        class HostPOP3(poplib.POP3_SSL):
            def _create_socket(self, timeout: float) -> ssl.SSLSocket:
                plain = poplib.socket.create_connection(("127.0.0.1", self.port), timeout)  # type: ignore[attr-defined]
                return self.context.wrap_socket(plain, server_hostname=HOST)  # type: ignore[attr-defined, no-any-return]

        box = HostPOP3(HOST, self.ports["pop3.listen_tls"], timeout=STEP_SECONDS, context=self._verifying())
        box.user(ADDRESS)
        box.pass_(PASSWORD)
        content = b"\n".join(box.retr(1)[1]).decode()
        box.quit()
        return content

    def _verifying(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._certificate()))

    def _certificate(self) -> Path:
        return next(self.data.rglob("cert.pem"))

    def _command(self, name: str) -> str:
        return str(self.environment / "bin" / name)

    def _python(self) -> str:
        """Ours, unless it is where another user cannot get."""
        for python in (os.path.realpath(sys.executable), shutil.which("python3", path=os.defpath) or ""):
            with suppress(Failed, OSError):
                self._run([python, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"])
                return python
        raise Failed("there is no Python from 3.11 on with ensurepip that this user can run")

    def _administer(self, words: list[str]) -> str:
        return _output(subprocess.run(words, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False))

    def _run(self, words: list[str], said: str = "") -> str:
        return _output(
            subprocess.run(
                words,
                input=said,
                capture_output=True,
                text=True,
                timeout=STEP_SECONDS,
                check=False,
                **self._circumstances,
            )
        )


def _output(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise Failed(f"{' '.join(done.args)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


STEPS: Final[tuple[tuple[str, Callable[[Machine], str]], ...]] = (
    ("python3 -m venv", Machine.make_environment),
    ("pip install", Machine.install),
    (f"mailgate init {ADDRESS}, twistd mailgate --check", Machine.set_up),
    ("twistd mailgate, until it listens", Machine.start),
    ("a mail comes by STARTTLS", Machine.receive),
    ("it is read by POP3S", Machine.read),
    ("SIGTERM, until it has ended", Machine.stop),
)


@contextmanager
def empty_machine() -> Iterator[Machine]:
    """It is gone afterwards, and the server with it."""
    with tempfile.TemporaryDirectory(prefix="mailgate-empty-") as home:
        machine = Machine(Path(home))
        try:
            yield machine
        finally:
            machine.stop()


def main() -> int:
    """The exit status."""
    began = time.monotonic()
    _say(f"{'step':<56} {'seconds':>7}")
    with empty_machine() as machine:
        for name, step in STEPS:
            start = time.monotonic()
            try:
                told = step(machine)
            except (Failed, OSError, smtplib.SMTPException, poplib.error_proto, subprocess.TimeoutExpired) as error:
                _say(f"{name:<56}  FAILED  {error}")
                return 1
            _say(f"{name:<56} {time.monotonic() - start:>7.2f}  {told}")
    _say(f"{'all together':<56} {time.monotonic() - began:>7.2f}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
