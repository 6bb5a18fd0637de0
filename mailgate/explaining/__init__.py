"""What would become of a message to an address, and why: asked of the same rooms that mail goes through, and without
consequences. Nothing is written, no lock is taken, no place in a line.
"""
