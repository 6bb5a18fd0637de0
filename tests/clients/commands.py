"""Clients that are a command: how each is told what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from attrs import frozen

from tests.clients.installing import with_sbin
from tests.clients.modes import HOST, PASSWORD, SENDER, USER, Job

SEND_SECONDS: Final = 60

NODEMAILER: Final = """
const job = JSON.parse(process.argv[2]);
const file = require("fs").readFileSync;
const connection = job.socket ? require("net").connect(job.socket) : undefined;
require("nodemailer").createTransport({
    connection,
    host: job.host, port: job.port, lmtp: job.lmtp, name: "client.example.org",
    secure: job.tls === "implicit", requireTLS: job.tls === "starttls", ignoreTLS: job.tls === "clear",
    tls: { ca: file(job.ca) },
    auth: job.auth ? { user: job.user, pass: job.password } : undefined, authMethod: job.auth || undefined,
}).sendMail({ envelope: { from: job.sender, to: [job.recipient] }, raw: file(job.file) }).catch(error => {
    console.error(error.message);
    process.exit(1);
});
"""
SMTPLIB: Final = """
import json, smtplib, ssl, sys
job = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile=job["ca"])
if job["lmtp"]:
    smtp = smtplib.LMTP(job["socket"] or job["host"], job["port"])
elif job["tls"] == "implicit":
    smtp = smtplib.SMTP_SSL(job["host"], job["port"], context=context)
else:
    smtp = smtplib.SMTP(job["host"], job["port"])
with smtp:
    smtp.ehlo_or_helo_if_needed()
    if job["tls"] == "starttls":
        smtp.starttls(context=context)
        smtp.ehlo()
    if job["auth"]:
        smtp.user, smtp.password = job["user"], job["password"]
        smtp.auth(job["auth"], getattr(smtp, f"auth_{job['auth'].lower()}"))
    with open(job["file"], "rb") as stream:
        smtp.sendmail(job["sender"], job["recipient"], stream.read(), ["BODY=8BITMIME"])
"""


class NotSent(Exception):
    """The client has not sent; the message says why."""


@frozen
class Command:
    """What to run, in which environment besides the usual one, and what goes to its standard input."""

    words: tuple[str, ...]
    environment: dict[str, str] | None = None
    input: bytes = b""


def sending(tell: Callable[[Job], Command]) -> Callable[[Job], None]:
    """A client that sends when its command is run. Raises `NotSent`."""

    def send(job: Job) -> None:
        command = tell(job)
        environment = {**with_sbin(), **(command.environment or {})}
        try:
            done = subprocess.run(
                command.words,
                env=environment,
                input=command.input,
                capture_output=True,
                timeout=SEND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotSent(f"nothing after {SEND_SECONDS} s") from None
        if done.returncode != 0:
            said = (done.stderr + done.stdout).decode(errors="replace").strip()
            raise NotSent(f"exit code {done.returncode}: {said}")

    return send


def _told(job: Job) -> str:
    """The job for a script."""
    return json.dumps(
        {
            "host": HOST,
            "port": job.port,
            "socket": job.socket,
            "lmtp": job.mode.lmtp,
            "tls": job.mode.tls,
            "auth": job.mode.auth,
            "ca": job.ca,
            "user": USER,
            "password": PASSWORD,
            "sender": SENDER,
            "recipient": job.recipient,
            "file": str(job.file),
        }
    )


def smtplib(job: Job) -> Command:
    """Python's own."""
    return Command((sys.executable, "-c", SMTPLIB, _told(job)))


def nodemailer(job: Job) -> Command:
    """Node's."""
    script = job.directory / "nodemailer.js"
    script.write_text(NODEMAILER)
    return Command(("node", str(script), _told(job)))


def curl(job: Job) -> Command:
    """curl, which takes a login's mechanism as an option of the login."""
    scheme = "smtps" if job.mode.tls == "implicit" else "smtp"
    words = ["curl", "--silent", "--show-error", "--url", f"{scheme}://{HOST}:{job.port}/client.example.org"]
    words += ["--mail-from", SENDER, "--mail-rcpt", job.recipient, "--upload-file", str(job.file)]
    if job.mode.tls != "clear":
        words += ["--ssl-reqd", "--cacert", job.ca]
    if job.mode.auth:
        words += ["--user", f"{USER}:{PASSWORD}", "--login-options", f"AUTH={job.mode.auth}"]
    return Command(tuple(words))


def swaks(job: Job) -> Command:
    """swaks: the Swiss army knife for SMTP."""
    words = ["swaks", "--from", SENDER, "--to", job.recipient, "--helo", "client.example.org"]
    data = job.directory / "swaks.data"
    data.write_bytes(job.file.read_bytes().removesuffix(b"\r\n"))  # it puts one there itself, wanted or not
    words += ["--data", f"@{data}", "--protocol", "LMTP" if job.mode.lmtp else "ESMTP"]
    words += ["--socket", job.socket] if job.socket else ["--server", HOST, "--port", str(job.port)]
    if job.mode.tls != "clear":
        words += ["--tls" if job.mode.tls == "starttls" else "--tls-on-connect"]
        words += ["--tls-verify", "--tls-ca-path", job.ca]
    if job.mode.auth:
        words += ["--auth", job.mode.auth, "--auth-user", USER, "--auth-password", PASSWORD]
    return Command(tuple(words))


def msmtp(job: Job) -> Command:
    """msmtp, which wants LF on its standard input, and its settings in a file."""
    settings = {
        "host": HOST,
        "port": str(job.port or 24),  # it wants one, socket or not
        "protocol": "lmtp" if job.mode.lmtp else "smtp",
        "from": SENDER,
        "domain": "client.example.org",
        "tls": "off" if job.mode.tls == "clear" else "on",
        "tls_starttls": "on" if job.mode.tls == "starttls" else "off",
        "tls_trust_file": job.ca,
        "auth": job.mode.auth.lower() or "off",
        "user": USER,
        "password": PASSWORD,
    }
    if job.socket:
        settings["socket"] = job.socket
    file = job.directory / "msmtprc"
    file.touch(0o600)
    file.write_text("account default\n" + "".join(f"{name} {value}\n" for name, value in settings.items()))
    content = job.file.read_bytes().replace(b"\r\n", b"\n")
    return Command(("msmtp", f"--file={file}", job.recipient), input=content)
