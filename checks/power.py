"""How often a verdict by chance may be wrong, either way: no tolerances, but probabilities.

A run of the book judges some three hundred cells by random draws: at ten runs a day by other seeds
each, a false alarm in 10⁹ cells is one in about a thousand years. A defect that is as large as the
effect has a chance of one in a thousand to be missed by a run, and a larger one far less: more
power would cost draws, and find nothing larger.
"""

# A right function's cell, with all its expectations at all its examples, is accused.
FALSE_ALARM = 1e-9
# A wrong one that is off by the effect is not.
MISSED = 1e-3
