"""What a gateway can say of itself in numbers: how often things happened, how things are now, and what is not right.

Counting needs no library and knows no exposition: `control.health` writes the families down as Prometheus reads them.
Labels have few values by construction, and never an address, a client or a user.
"""
