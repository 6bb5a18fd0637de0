"""What a gateway keeps about itself: the node's name, and a place for spools."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Final

from mailgate.mail import make_id
from mailgate.spool import FILE_PREFIX

NODE_CHARACTERS: Final = 8
_NODE: Final = re.compile(r"[0-9a-z]{8}")


def node_name(state: str) -> str:
    """The name that this state directory gives to its gateway, in every file name it makes; made once.

    Raises OSError, and ValueError if the file holds something else.
    """
    os.makedirs(state, mode=0o700, exist_ok=True)
    file = os.path.join(state, "node")
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(make_id(0, int.from_bytes(os.urandom(10)))[-NODE_CHARACTERS:] + "\n")
    with open(file) as stream:
        name = stream.read().strip()
    if _NODE.fullmatch(name) is None:
        raise ValueError(f"{file} should hold {NODE_CHARACTERS} letters and digits; remove it to have it made again")
    return name


def spool_directory(mail: str, node: str) -> str:
    """The directory for this node's spools, on the store's file system; what a crash left there is removed.

    The dot keeps it apart from every domain's directory. It is made when the first spool needs it.
    """
    directory = os.path.join(mail, ".spool", node)
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            if name.startswith(FILE_PREFIX):
                os.unlink(os.path.join(directory, name))
    return directory
