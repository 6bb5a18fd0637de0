"""The forms that octets have on the wire. Bytes only: no Twisted, no files, no decisions."""
