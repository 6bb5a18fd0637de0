"""Maildrops as Maildirs, `<root>/<domain>/<user>/{tmp,new,cur}`, which other programs may read and change beside us."""
