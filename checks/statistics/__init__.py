"""Claims about a mean over random draws, judged by exact laws and exact inequalities.

    laws        what the mean of so many draws says of its expectation, and how many are enough
    table       which law governs which mean
    sampling    the means themselves, and how far rounding moves them
    judging     verdicts

Under a true claim a right implementation is accused with a probability of at most `FALSE_ALARM`,
exactly so; a wrong one that is off by the effect is missed with at most `MISSED`.
"""

from checks.statistics.judging import check_mean as check_mean
