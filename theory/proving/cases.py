"""Proof by cases: a question is asked again under more facts, until every case has its answer."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from theory.proving.errors import ContradictionError, OutOfReachError
from theory.proving.field import Field
from theory.proving.signs import Facts, SignTable, UndecidedSignError

# Each sign that a formula asks for multiplies the cases by two or three; more than this many, and
# the formula wants another method.
MOST_CASES = 200

Answer = TypeVar("Answer")


def each_case(
    field: Field, facts: Facts, question: Callable[[SignTable], Answer]
) -> Iterator[tuple[SignTable, Answer]]:
    """The answers in all cases; together the cases cover everything that the first facts allow.

    Raises OutOfReachError where there are too many.
    """
    pending = [facts]
    seen = 1
    while pending:
        table = SignTable(field, pending.pop())
        field.sign = table.decide
        try:
            answer = question(table)
        except UndecidedSignError as fork:
            pending.extend(reversed(fork.cases))
            seen += len(fork.cases)
            if seen > MOST_CASES:
                raise OutOfReachError(f"more than {MOST_CASES} cases") from None
            continue
        except ContradictionError:
            continue
        yield table, answer


def sole_case(field: Field, facts: Facts, question: Callable[[SignTable], Any]) -> Any:
    """The answer where it must not depend on the case. Raises OutOfReachError where it does."""
    answers = list(each_case(field, facts, question))
    if len(answers) != 1:
        raise OutOfReachError(f"the formula falls into {len(answers)} cases")
    return answers[0][1]
