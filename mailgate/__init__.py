"""mailgate: SMTP in, handlers, a Maildir per user, POP3 out."""

__version__ = "0.1.0"
