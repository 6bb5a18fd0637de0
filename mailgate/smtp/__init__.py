"""SMTP, the server's side: grammar, machine, session, server (RFC 5321)."""
