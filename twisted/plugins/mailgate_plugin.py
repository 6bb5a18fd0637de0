"""``twistd mailgate``: names the door; the door itself is imported only when it is used."""

from twisted.application.service import ServiceMaker

mailgate = ServiceMaker("mailgate", "mailgate.tap", "A mail gateway: SMTP in, Maildir, POP3 out", "mailgate")
