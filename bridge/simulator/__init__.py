"""The two far ends, simulated: a Telegram (this side) and a Messages API (its neighbour).

For the demo and for the tests. It stands on the ground: it speaks HTTP and imports nothing else of
`bridge`, so that what works against it works against any other server. Where a rule was read in
Telegram's own server or measured with its parser, the text of an error is exact; what Telegram does
not publish (the flood limits) is a model and says so.
"""
