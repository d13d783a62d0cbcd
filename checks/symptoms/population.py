"""The networks that a seed draws from: all rows of a part of the zoo in turn, seed after seed.

Every row is drawn equally often. A rule's count over so many seeds is then a sum of independent
events, whose probabilities differ from row to row; such a sum strays less from its mean than a
binomial with the mean probability (Hoeffding 1956), so that the exact binomial interval covers the
mean over the rows.
"""

from functools import cache

from checks.symptoms.records import Cause, Record
from checks.symptoms.shapes import Shape
from checks.symptoms.training import train
from checks.symptoms.truth import confirmed
from checks.symptoms.zoo import SHAPES, ZOO, Row

# So many copies of a row are trained at once.
COPIES = 8


def rows(of: str) -> tuple[Row, ...]:
    """The rows that the recipe Zoo(of=...) of `theory.symptoms` names."""
    if of in _SHAPES:
        return SHAPES[_SHAPES[of]]
    wanted = Cause[of.removeprefix("not ").upper()]
    return tuple(row for row in ZOO if (row.cause is wanted) is not of.startswith("not "))


_SHAPES = {
    "sudden infinity": Shape.SUDDEN,
    "slow growth then infinity": Shape.SLOW,
    "growth after a jump": Shape.JUMP,
}


def record(of: str, seed: int) -> Record:
    """The record of the network that a seed draws."""
    drawn = rows(of)
    number, index = divmod(seed, len(drawn))
    block = 0
    while number >= len(found := _records(drawn[index], block)):
        number -= len(found)
        block += 1
    return found[number]


@cache
def _records(row: Row, block: int) -> tuple[Record, ...]:
    """The records of a block of copies, without those that truth does not confirm."""
    seeds = range(block * COPIES, (block + 1) * COPIES)
    kept = confirmed(row, seeds)
    records = train(row.plan, seeds)
    return tuple(found for found, keep in zip(records, kept, strict=True) if keep)
