"""Thunderbird without a window: it is told what to do by Marionette, the door in Mozilla's programs for tests."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.clients.fetching import FETCH_SECONDS, NotFetched, got_folder
from tests.clients.installing import with_sbin
from tests.clients.modes import HOST, PASSWORD
from tests.clients.reception import Errand

SOCKET_TYPES: Final = {"clear": 0, "stls": 2, "implicit": 3}  # nsMsgSocketType
START_SECONDS: Final = 60
POLL_SECONDS: Final = 0.2
PREFERENCES: Final = """\
user_pref("marionette.port", {port});
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.spotlight.firstRunDone", true);
user_pref("mailnews.start_page.enabled", false);
user_pref("mail.serverDefaultStoreContractID", "@mozilla.org/msgstore/maildirstore;1");
"""
SCRIPT: Final = """
const [job, done] = arguments;
const nss = Cc["@mozilla.org/nss_errors_service;1"].getService(Ci.nsINSSErrorsService);
function inWords(code) {
    try { return code && nss.getErrorMessage(code); } catch { return `code 0x${(code >>> 0).toString(16)}`; }
}
try {
    const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
    const trusted = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
    trusted.addCertFromBase64(job.ca, "C,,");
    // What it would tell a person in a window is told by the code as well, and a window would cut this script short.
    MailServices.mailSession.addUserFeedbackListener({ onAlert: () => true, onCertError: () => true });
    const known = MailServices.accounts.findServer(job.user, job.host, "pop3");
    const server = known || MailServices.accounts.createIncomingServer(job.user, job.host, "pop3");
    server.QueryInterface(Ci.nsIPop3IncomingServer);
    server.port = job.port;
    server.socketType = job.socketType;
    server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
    server.password = job.password;
    server.leaveMessagesOnServer = job.keep;
    if (!known) {
        const account = MailServices.accounts.createAccount();
        account.incomingServer = server;
        account.addIdentity(MailServices.accounts.createIdentity());
    }
    const inbox = server.rootMsgFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
    MailServices.pop3.GetNewMail(null, {
        OnStartRunningUrl() {},
        OnStopRunningUrl(url, code) { done({ failure: inWords(code), folder: inbox.filePath.path }); },
    }, inbox, server);
} catch (error) { done({ failure: String(error) }); }
"""


def thunderbird(errand: Errand) -> None:
    """Thunderbird with a profile of its own."""
    profile = errand.directory / "profile"
    profile.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (profile / "user.js").write_text(PREFERENCES.format(port=port))
    with _running(errand, profile), contextlib.closing(Marionette(port)) as marionette:
        answer = marionette.run(SCRIPT, _job(errand))
        marionette.quit()
    if answer["failure"]:
        raise NotFetched(f"{answer['failure']}")
    for message in Path(answer["folder"], "cur").iterdir():
        shutil.copy(message, got_folder(errand))


def _job(errand: Errand) -> dict[str, Any]:
    certificate = Path(errand.ca).read_text()
    return {
        "host": HOST,
        "port": errand.port,
        "socketType": SOCKET_TYPES[errand.reception.tls],
        "user": errand.user,
        "password": PASSWORD,
        "keep": errand.reception.keep,
        "ca": "".join(line for line in certificate.splitlines() if not line.startswith("-----")),
    }


@contextlib.contextmanager
def _running(errand: Errand, profile: Path) -> Iterator[None]:
    words = [
        "thunderbird",
        "--headless",
        "--marionette",
        "--remote-allow-system-access",
        "--no-remote",
        "--profile",
        str(profile),
    ]
    environment = {**with_sbin(), "HOME": str(errand.directory)}
    with (errand.directory / "said").open("wb") as said:
        process = subprocess.Popen(words, env=environment, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
    try:
        yield
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(START_SECONDS)  # only one that ends by itself writes down what it has fetched
    finally:
        process.kill()
        process.wait()


class Marionette:
    """The client's side: `length:[0, id, command, parameters]`, and `length:[1, id, error, result]` back."""

    def __init__(self, port: int) -> None:
        """Connect, as soon as somebody is there. Raises `NotFetched`."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), timeout=FETCH_SECONDS)
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise NotFetched("Thunderbird does not start") from None
                time.sleep(POLL_SECONDS)
        self._stream = self._socket.makefile("rb")
        self._read()  # it introduces itself
        self._count = 0
        self._ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"unhandledPromptBehavior": "ignore"}}})
        self._ask("Marionette:SetContext", {"value": "chrome"})

    def run(self, script: str, argument: object) -> Any:
        """What a script gives to its last argument. Raises `NotFetched`."""
        parameters = {"script": script, "args": [argument], "scriptTimeout": FETCH_SECONDS * 1000, "newSandbox": True}
        value = self._ask("WebDriver:ExecuteAsyncScript", parameters)["value"]
        if value is None:  # a question to the user has come between
            raise NotFetched(f"it asks: {self._ask('WebDriver:GetAlertText', {})['value']}")
        return value

    def quit(self) -> None:
        """Let it end."""
        self._ask("Marionette:Quit", {"flags": ["eForceQuit"]})

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()

    def _ask(self, command: str, parameters: object) -> Any:
        self._count += 1
        text = json.dumps([0, self._count, command, parameters])
        self._socket.sendall(f"{len(text)}:{text}".encode())
        _, _, error, result = self._read()
        if error:
            raise NotFetched(f"{command}: {error['message']}")
        return result

    def _read(self) -> Any:
        length = b""
        while (octet := self._stream.read(1)) != b":":
            if not octet:
                raise NotFetched("Thunderbird has hung up")
            length += octet
        return json.loads(self._stream.read(int(length)))
