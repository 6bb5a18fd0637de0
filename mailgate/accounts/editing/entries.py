"""The lines of `users`, `aliases` and `app-passwords`: made new, or changed in one place and left alone in all others.

Whether the result can be read is for the parsers to say, which are asked about every edit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from mailgate.accounts.editing.files import CannotEdit
from mailgate.accounts.names import account_name
from mailgate.wire import address

_FIELDS_BEHIND_NAME: Final = 7  # password:uid:gid:gecos:home:shell:extra fields
# As `aliases` has it: at the start of a line, or after a blank.
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
# The parsers go by these before they look at quotes, so that a name that has them cannot be written.
_MARKS: Final = {":": "a colon", "{": "a brace", ",": "a comma"}


def check_user(name: str) -> None:
    """Can the line of a user have that name? Raises `CannotEdit`."""
    _refuse_marks(name, ":{", "a user name")


def check_alias(name: str) -> None:
    """Can the line of an alias have that name? Raises `CannotEdit`."""
    _refuse_marks(name, ":", "an alias")
    _refuse_comment(name, "an alias")


def check_target(name: str) -> None:
    """Can an alias lead there? Raises `CannotEdit`."""
    _refuse_marks(name, ",", "the target of an alias")
    _refuse_comment(name, "the target of an alias")


def _refuse_marks(name: str, marks: str, what: str) -> None:
    for mark in marks:
        if mark in name.rpartition("@")[0]:
            raise _refusal(name, what, _MARKS[mark])


def _refuse_comment(name: str, what: str) -> None:
    if _COMMENT.search(written(name)):
        raise _refusal(name, what, "a # behind a blank")


def _refusal(name: str, what: str, mark: str) -> CannotEdit:
    local_part = name.rpartition("@")[0]
    return CannotEdit(f"{local_part!r} cannot be {what}: it has {mark}; take letters, digits, dots and dashes")


def written(name: str, domain: str = "") -> str:
    """An account's or alias's name as the files of `domain` have it: a local part, quoted if need be, and its domain
    only if that is another.
    """
    local_part, _, own = name.rpartition("@")
    whole = address.format_mailbox(local_part, own)
    if whole.startswith("#"):  # else its line were a comment; such a name has nothing to escape
        whole = f'"{local_part}"@{own}'
    return whole if domain not in ("", own) else whole[: -len(own) - 1]


def user_line(name: str, stored: str) -> str:
    """A new account's."""
    return f"{written(name)}:{stored}"


def with_password(line: str, stored: str) -> str:
    """A user's line with another password."""
    user, _, rest = line.partition(":")
    _, colon, others = rest.partition(":")
    return f"{user}:{stored}{colon}{others}"


def with_setting(line: str, key: str, value: str | None) -> str:
    """A user's line with that extra field, or, if `value` is None, without it."""
    user, _, rest = line.partition(":")
    fields = rest.split(":", _FIELDS_BEHIND_NAME - 1)
    there = re.compile(rf"(?<!\S){re.escape(key)}(?:=\S*)?(?!\S)")
    extra = fields[-1] if len(fields) == _FIELDS_BEHIND_NAME else ""
    if value is None:
        if there.search(extra) is None:
            return line
        extra = re.sub(rf"\s+{there.pattern}|{there.pattern}\s*", "", extra, count=1)
    elif there.search(extra) is not None:
        extra = there.sub(f"{key}={value}", extra, count=1)
    else:
        extra = f"{extra}{' ' if extra and not extra[-1].isspace() else ''}{key}={value}"
    fields[_FIELDS_BEHIND_NAME - 1 :] = []
    fields += [""] * (_FIELDS_BEHIND_NAME - 1 - len(fields))
    return ":".join([user, *fields, extra])


def alias_line(name: str, targets: Sequence[str]) -> str:
    """A new alias's."""
    domain = name.rpartition("@")[2]
    return f"{written(name)}: {', '.join(written(target, domain) for target in targets)}"


def with_targets(line: str, targets: Sequence[str], domain: str) -> str:
    """An alias's line that leads to these as well."""
    content, comment = _parted(line)
    return content + "".join(f", {written(target, domain)}" for target in targets) + comment


def without_targets(line: str, targets: Collection[str], domain: str) -> str:
    """An alias's line that no longer leads to these; some must be left."""
    content, comment = _parted(line)
    name, _, rest = content.partition(":")
    pieces = rest.split(",")
    left = [piece for piece in pieces if _read(piece.strip(), domain) not in targets]
    blank = pieces[0][: len(pieces[0]) - len(pieces[0].lstrip())]
    return f"{name}:{blank}{','.join(left).strip()}{comment}"


def _parted(line: str) -> tuple[str, str]:
    """What an alias says, and the comment behind it with the blanks between."""
    comment = _COMMENT.search(line)
    content = line[: comment.start()] if comment is not None else line
    content = content.rstrip()
    return content, line[len(content) :]


def _read(target: str, domain: str) -> str:
    mailbox = target if "@" in target and not target.endswith('"') else f"{target}@{domain}"
    return account_name(*address.parse_mailbox(mailbox))


def app_password_line(user: str, name: str, stored: str) -> str:
    """A new application password's."""
    return f"{written(user)}:{name}:{stored}"
