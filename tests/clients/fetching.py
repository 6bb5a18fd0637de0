"""Clients that fetch: how each is told what to do, and where it puts what it has got."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.clients.installing import with_sbin
from tests.clients.modes import HOST, PASSWORD
from tests.clients.reception import Errand
from tests.clients.terminal import at_a_terminal

FETCH_SECONDS: Final = 60
MUTT_SECONDS: Final = 10  # it takes one; where it asks whether to trust a certificate, nobody answers
GOT: Final = "got"  # the folder, or Maildir, below the errand's directory

POPLIB: Final = """
import json, pathlib, poplib, ssl, sys
job = json.loads(sys.argv[1])
poplib._MAXLINE = 100_000
context = ssl.create_default_context(cafile=job["ca"])
if job["tls"] == "implicit":
    box = poplib.POP3_SSL(job["host"], job["port"], context=context)
else:
    box = poplib.POP3(job["host"], job["port"])
    if job["tls"] == "stls":
        box.stls(context)
box.user(job["user"])
box.pass_(job["password"])
for number in range(1, box.stat()[0] + 1):
    _, lines, octets = box.retr(number)
    pathlib.Path(job["got"], f"{number:02}").write_bytes(b"".join(line + b"\\r\\n" for line in lines))
    if not job["keep"]:
        box.dele(number)
box.quit()
"""
NET_POP3: Final = """
use strict; use Net::POP3; use JSON::PP; use IO::Socket::SSL;
my $job = decode_json($ARGV[0]);
my %tls = (SSL_ca_file => $job->{ca}, SSL_verify_mode => SSL_VERIFY_PEER, SSL_verifycn_name => $job->{host});
my @tls = $job->{tls} eq "implicit" ? (SSL => 1, %tls) : ();
my $box = Net::POP3->new($job->{host}, Port => $job->{port}, Timeout => 30, @tls) or die "$@ $SSL_ERROR\\n";
if ($job->{tls} eq "stls") { $box->starttls(%tls) or die "STLS: $@ $SSL_ERROR\\n" }
defined(my $count = $box->login($job->{user}, $job->{password})) or die "login: " . $box->message;
for my $number (1 .. $count) {
    my $lines = $box->get($number) or die "RETR: " . $box->message;
    open(my $file, ">:raw", sprintf("%s/%02d", $job->{got}, $number)) or die $!;
    print $file @$lines;
    close($file) or die $!;
    $job->{keep} or $box->delete($number) or die "DELE: " . $box->message;
}
$box->quit or die "QUIT: " . $box->message;
"""
FETCHMAIL: Final = """\
poll {host} service {port} protocol pop3 uidl
  user "{user}" password "{password}"
  {keep} {tls}
  mda {mda}
"""
GETMAIL: Final = """\
[retriever]
type = {type}
server = {host}
port = {port}
username = {user}
password = {password}
timeout = 30
{tls}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > $(mktemp {got}/XXXXXX)")
allow_root_commands = true
[options]
read_all = false
delete = {delete}
delivered_to = false
received = false
verbose = 0
"""
MPOP: Final = """\
account default
host {host}
port {port}
user {user}
password {password}
auth {auth}
tls {tls}
tls_starttls {starttls}
tls_trust_file {ca}
delivery maildir {maildir}
received_header off
keep {keep}
uidls_file {directory}/uidls
"""
MUTT: Final = """\
set pop_user = "{user}"
set pop_pass = "{password}"
set pop_last = no
set pop_reconnect = no
set pop_delete = {delete}
set pop_authenticators = ""
set ssl_starttls = {starttls}
set ssl_force_tls = {tls}
set ssl_ca_certificates_file = "{ca}"
set certificate_file = "{directory}/accepted"
set mbox_type = Maildir
set spoolfile = "{maildir}"
set folder = "{maildir}"
set quit = yes
set delete = yes
set confirmappend = no
set wait_key = no
set move = no
"""
CLIENT_SAYS_NO_MAIL: Final = 1  # fetchmail's exit code
_UNREADABLE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f]+")  # the terminal's own language


class NotFetched(Exception):
    """The client has not fetched; the message says why."""


Fetch = Callable[[Errand], None]


def curl(errand: Errand) -> None:
    """curl: one message a URL; removing is a request of its own."""
    scheme = "pop3s" if errand.reception.tls == "implicit" else "pop3"
    words = ["curl", "--silent", "--show-error", "--user", f"{errand.user}:{PASSWORD}"]
    if errand.reception.tls != "clear":
        words += ["--ssl-reqd", "--cacert", errand.ca]
    url = f"{scheme}://{HOST}:{errand.port}/"
    _run([*words, "--output", f"{got_folder(errand)}/#1", f"{url}[01-{errand.messages:02}]"])
    if not errand.reception.keep:
        for _ in range(errand.messages):  # each is a session, after which the next one is number 1
            _run([*words, "--head", "--request", "DELE 1", url])


def poplib(errand: Errand) -> None:
    """Python's own."""
    _run([sys.executable, "-c", POPLIB, _told(errand)])


def net_pop3(errand: Errand) -> None:
    """Perl's own."""
    _run(["perl", "-e", NET_POP3, _told(errand)])


def fetchmail(errand: Errand) -> None:
    """fetchmail, which hands each message to a program."""
    got = got_folder(errand)
    mda = f"sh -c 'cat > $(mktemp {got}/$(date +%s%N).XXXX)'"
    tls = {
        "clear": "sslproto ''",
        "stls": f"sslproto 'TLS1.2+' sslcertck sslcertfile {errand.ca} sslcertpath /nowhere",
        "implicit": f"ssl sslcertck sslcertfile {errand.ca} sslcertpath /nowhere",
    }[errand.reception.tls]
    keep = "keep" if errand.reception.keep else "nokeep"
    text = FETCHMAIL.format(
        host=HOST,
        port=errand.port,
        user=errand.user,
        password=PASSWORD,
        keep=keep,
        tls=tls,
        mda=json.dumps(mda),
    )
    file = _settings(errand, "fetchmailrc", text)
    words = ["fetchmail", "--fetchmailrc", file, "--idfile", str(errand.directory / "ids"), "--silent", "--nosyslog"]
    _run(
        [*words, "--pidfile", str(errand.directory / "pid")],
        {"HOME": str(errand.directory), "FETCHMAILHOME": str(errand.directory)},
        (0, CLIENT_SAYS_NO_MAIL),
    )


def getmail(errand: Errand) -> None:
    """getmail, which hands each message to a program: root's mail it does not deliver itself. It has no STLS."""
    implicit = errand.reception.tls == "implicit"
    text = GETMAIL.format(
        type="SimplePOP3SSLRetriever" if implicit else "SimplePOP3Retriever",
        host=HOST,
        port=errand.port,
        user=errand.user,
        password=PASSWORD,
        tls=f"ca_certs = {errand.ca}\nssl_cert_hostname = {HOST}" if implicit else "",
        got=got_folder(errand),
        delete=not errand.reception.keep,
    )
    file = _settings(errand, "getmailrc", text)
    _run(["getmail", "--getmaildir", str(errand.directory), "--rcfile", file], {"HOME": str(errand.directory)})


def mpop(errand: Errand) -> None:
    """mpop, into a Maildir."""
    clear = errand.reception.tls == "clear"
    text = MPOP.format(
        host=HOST,
        port=errand.port,
        user=errand.user,
        password=PASSWORD,
        auth="user" if clear else "on",  # of itself it sends no password in clear
        tls="off" if clear else "on",
        starttls="on" if errand.reception.tls == "stls" else "off",
        ca=errand.ca,
        maildir=_maildir(errand),
        keep="on" if errand.reception.keep else "off",
        directory=errand.directory,
    )
    _run(["mpop", f"--file={_settings(errand, 'mpoprc', text)}", "--quiet"])


def mutt(errand: Errand) -> None:
    """mutt, at a terminal: it copies all, or moves them, from the maildrop into a Maildir."""
    tls = errand.reception.tls
    text = MUTT.format(
        user=errand.user,
        password=PASSWORD,
        delete="no" if errand.reception.keep else "yes",
        starttls="yes" if tls == "stls" else "no",
        tls="no" if tls == "clear" else "yes",
        ca=errand.ca,
        directory=errand.directory,
        maildir=_maildir(errand),
    )
    file = _settings(errand, "muttrc", text)
    scheme = "pops" if tls == "implicit" else "pop"
    copy = "copy-message" if errand.reception.keep else "save-message"
    keys = f"<tag-pattern>.<enter><tag-prefix><{copy}>{_maildir(errand)}<enter><sync-mailbox><quit>"
    words = ["mutt", "-n", "-F", file, "-f", f"{scheme}://{HOST}:{errand.port}/", "-e", f'push "{keys}"']
    environment = {**with_sbin(), "HOME": str(errand.directory), "TERM": "xterm"}
    code, shown = at_a_terminal(words, environment, MUTT_SECONDS)
    if code != 0:
        raise NotFetched(f"exit code {code}: {_UNREADABLE.sub(' ', shown.decode(errors='replace'))}")


def got(errand: Errand) -> list[bytes]:
    """What the client has, in no order."""
    folder = errand.directory / GOT
    folders = [folder / "new", folder / "cur"] if (folder / "new").exists() else [folder]
    return [file.read_bytes() for each in folders if each.exists() for file in sorted(each.iterdir())]


def got_folder(errand: Errand) -> Path:
    """Where a client puts what it has got."""
    folder = errand.directory / GOT
    folder.mkdir(exist_ok=True)
    return folder


def _maildir(errand: Errand) -> Path:
    for name in ("new", "cur", "tmp"):
        (got_folder(errand) / name).mkdir(exist_ok=True)
    return got_folder(errand)


def _settings(errand: Errand, name: str, text: str) -> str:
    file = errand.directory / name
    file.touch(0o600)
    file.write_text(text)
    return str(file)


def _told(errand: Errand) -> str:
    """The errand for a script."""
    return json.dumps(
        {
            "host": HOST,
            "port": errand.port,
            "tls": errand.reception.tls,
            "keep": errand.reception.keep,
            "ca": errand.ca,
            "user": errand.user,
            "password": PASSWORD,
            "got": str(got_folder(errand)),
        }
    )


def _run(words: Sequence[str], environment: dict[str, str] | None = None, success: Sequence[int] = (0,)) -> None:
    """Raises `NotFetched`."""
    try:
        done = subprocess.run(
            words, env={**with_sbin(), **(environment or {})}, capture_output=True, timeout=FETCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotFetched(f"nothing after {FETCH_SECONDS} s") from None
    if done.returncode not in success:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise NotFetched(f"exit code {done.returncode}: {said}")
