"""Mail as people read it: text, links, codes and attachments out of a message's octets, whatever the octets are.

Nothing here raises for a message that is broken, and nothing imports `email` before it is needed: who might have to
read mail, and then need not, starts as quickly as without.
"""

from mailgate.mime.attachments import Attachment, attachments_of
from mailgate.mime.fields import decoded, fields_in, mailboxes_in
from mailgate.mime.links import links_in
from mailgate.mime.reading import html_of, prepare, read, text_of

__all__ = [
    "Attachment",
    "attachments_of",
    "decoded",
    "fields_in",
    "html_of",
    "links_in",
    "mailboxes_in",
    "otp_in",
    "prepare",
    "read",
    "text_of",
]


def otp_in(text: str) -> str | None:
    """The one-time code in a text; see `codes.otp_in`, whose expressions are compiled when they are needed."""
    from mailgate.mime.codes import otp_in as find

    return find(text)
