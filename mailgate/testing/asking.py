"""What can be asked of the server: a function for each call, which gives its arguments and how to read the answer.

`namespace.py` asks over the control socket and waits, `in_reactor.py` asks the functions themselves and gives
Deferreds; what they ask is the same, and is written here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mailgate.control.caller import Call
from mailgate.testing.conversation import Conversation
from mailgate.testing.criteria import Criteria, question
from mailgate.testing.faults import Fault, Personality
from mailgate.testing.message import Message
from mailgate.testing.waiting import read_messages

Mail = str | Path | bytes | EmailMessage
"""A message, its octets, or the path of an .eml file or of a directory of such files."""


def messages(namespace: str, criteria: Criteria, *, removed: bool) -> Call[list[Message]]:
    """Those that are there now, the oldest first."""
    asked = question(criteria)
    arguments = {"namespace": namespace, "removed": removed, "content": True, **asked.arguments}
    return Call("messages", arguments, lambda answer: [one for one in read_messages(answer) if asked.fits(one)])


def clear(namespace: str) -> Call[int]:
    """Remove them; how many there were."""
    return Call("clear", {"namespace": namespace}, _cleared)


def preload(namespace: str, to: str, content: bytes) -> Call[str]:
    """Put one into a maildrop, as it is; its id."""
    encoded = base64.b64encode(content).decode("ascii")
    return Call("preload", {"namespace": namespace, "to": to, "content": encoded}, _id)


def set_password(namespace: str, user: str, password: str) -> Call[None]:
    """From now on this user has this password, and no other."""
    return Call("set_password", {"namespace": namespace, "user": user, "password": password}, _nothing)


def conversations(namespace: str, since: float) -> Call[list[Conversation]]:
    """What was said; where nobody was named, since that Unix time."""
    return Call("conversations", {"namespace": namespace, "since": since}, _conversations)


def add_fault(namespace: str, protocol: str, fault: Fault) -> Call[str]:
    """Its id."""
    return Call("add_fault", {"namespace": namespace, **fault.as_json(protocol)}, _id)


def faults(namespace: str) -> Call[list[Mapping[str, Any]]]:
    """Those that are set, as the server tells them."""
    return Call("faults", {"namespace": namespace}, _faults)


def remove_fault(namespace: str, fault_id: str) -> Call[None]:
    """No more of it."""
    return Call("remove_fault", {"namespace": namespace, "id": fault_id}, _nothing)


def clear_faults(namespace: str) -> Call[None]:
    """None any more."""
    return Call("clear_faults", {"namespace": namespace}, _nothing)


def open_listener(
    namespace: str, protocol: str, faults: Sequence[Fault], personality: Personality, *, tls: bool
) -> Call[Mapping[str, Any]]:
    """Its id, host and port."""
    family = "pop3" if protocol == "pop3" else "smtp"
    arguments = {
        "namespace": namespace,
        "protocol": protocol,
        "faults": [fault.as_json(family) for fault in faults],
        "personality": personality.as_json(),
        "tls": tls,
    }
    return Call("open_listener", arguments, _itself)


def close_listener(namespace: str, listener_id: str) -> Call[None]:
    """Nobody listens there any more."""
    return Call("close_listener", {"namespace": namespace, "id": listener_id}, _nothing)


def end_namespace(namespace: str) -> Call[None]:
    """Its faults, listeners and mail are gone."""
    return Call("end_namespace", {"namespace": namespace}, _nothing)


def contents(mail: Mail) -> Iterator[bytes]:
    """The octets of one message, or of all .eml files in a directory, in the order of their names. Raises OSError,
    and ValueError for a directory without any.
    """
    if isinstance(mail, bytes):
        yield mail
    elif isinstance(mail, EmailMessage):
        yield mail.as_bytes(policy=policy.SMTP)
    elif Path(mail).is_dir():
        files = sorted(Path(mail).glob("*.eml"))
        if not files:
            raise ValueError(f"there are no .eml files in {mail}")
        yield from (file.read_bytes() for file in files)
    else:
        yield Path(mail).read_bytes()


def _cleared(answer: Mapping[str, Any]) -> int:
    return int(answer["cleared"])


def _id(answer: Mapping[str, Any]) -> str:
    return str(answer["id"])


def _itself(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    return answer


def _faults(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(answer["faults"])


def _conversations(answer: Mapping[str, Any]) -> list[Conversation]:
    return [Conversation.read(told) for told in answer["conversations"]]


def _nothing(answer: object) -> None:
    """What was asked is done; there is nothing to read."""
