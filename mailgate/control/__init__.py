"""What people, programs and tests may ask of a running gateway: one set of functions behind two doors.

`<state>/control.sock` takes a JSON object a line, and HTTP takes requests; both call the same functions with the same
arguments, and give back the same.
"""
