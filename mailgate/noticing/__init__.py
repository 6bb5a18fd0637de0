"""Mail that the gateway writes itself: to postmaster about what somebody has to see to, to a user whose maildrop is
nearly full. One a day at most, into our own maildrops only, and never in answer to a message.
"""
