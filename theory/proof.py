"""The proof reading: whether a claim is true over the real numbers.

    >>> from theory.book import CLAIMS
    >>> print(prove(CLAIMS[0]))
    proved: exact: polynomial in s = sigmoid(x) on (0, 1), by root isolation

A few exact examples come first, then the methods in order. A claim that no method decides is OPEN
with the reasons, which is never a pass, unless a search finds a counterexample: then it is REFUTED.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from time import perf_counter
from typing import Any

from sympy import Integer, PolynomialError, tanh

from theory import heads
from theory.calculus import Iff, Limits
from theory.claim import Claim, Standing
from theory.domains import Depth
from theory.proving.arrays import Evaluated
from theory.proving.bounds import by_geometric_bound
from theory.proving.depth import by_invariant
from theory.proving.errors import OutOfReachError, ShapeError
from theory.proving.examples import SPOT_CHECKS, TRIES, Example, at_witness, counterexample
from theory.proving.field import Field
from theory.proving.gaussian import settle_expectation
from theory.proving.induction import by_induction
from theory.proving.limits import LimitError, settle_limits
from theory.proving.logarithms import settle_logarithms
from theory.proving.norms import by_norms
from theory.proving.recursion import by_recursion
from theory.proving.relations import settle, settle_equivalence
from theory.proving.signs import Facts
from theory.proving.singular import by_singular_values
from theory.proving.sizes import Sizes, Symbols, covered
from theory.proving.unrolling import Unrolling

# At how many depths a formula is written out where no argument covers every depth.
EXPANDED = 3


class Outcome(Enum):
    """What the proof reading found; the value is advice."""

    PROVED = "true over the real numbers: what breaks it is a format or an implementation"
    REFUTED = "false over the real numbers: no implementation can keep it; cite its true twin"
    OPEN = "not decided: read the reason, and do not rely on the claim"
    MEASURED = "no theorem: the check runs it, and says what it saw"


@dataclass(frozen=True)
class Proof:
    """The answer for one claim.

    `method` says how it is known and `reason` why it is open. A proof covers every depth, or depths
    up to `n_at_most`, and arrays of the sizes in `widths`. The `witness` of a refuted claim holds
    the number of every variable, and the exact values of both sides as `left` and `right`.
    """

    outcome: Outcome
    method: str = ""
    reason: str = ""
    witness: Mapping[str, Any] | None = None
    n_at_most: int | None = None
    widths: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.outcome.name.lower()}: {self.method or self.reason}"


def prove(claim: Claim) -> Proof:
    """Prove or refute a claim over the reals, or say why neither succeeded."""
    if claim.is_timed:
        return Proof(Outcome.MEASURED, reason="not a theorem: `backproof check --costs` times it")
    if claim.is_of_nan:
        return Proof(Outcome.MEASURED, reason="not a theorem: NaN is no real number")
    if claim.is_measured:
        return Proof(Outcome.MEASURED, reason="not a theorem: `backproof check` measures it")
    start = perf_counter()
    if isinstance(claim.formula, Limits):
        return replace(_limits(claim), seconds=perf_counter() - start)
    proof = _refute(claim) if claim.standing is Standing.REFUTED else _prove(claim)
    return replace(proof, seconds=perf_counter() - start)


def _prove(claim: Claim) -> Proof:
    # Exact numbers come first: they refute at once what a method might take long to give up on, and
    # they confront what a method would prove.
    if example := _counterexample(claim, SPOT_CHECKS):
        return _refuted([example])
    reasons: dict[str, None] = {}
    last: Exception | None = None
    for attempt in _attempts(claim):
        try:
            return attempt()
        except (OutOfReachError, PolynomialError, RecursionError) as reason:
            last = reason
            reasons[str(reason)] = None
    # The last attempt writes the formula out; where shapes do not fit there, no example exists.
    if not isinstance(last, ShapeError) and (example := _counterexample(claim, TRIES)):
        return _refuted([example])
    return Proof(Outcome.OPEN, reason="; ".join(reasons))


def _limits(claim: Claim) -> Proof:
    """Find both limits; there is no example to try, as no number is infinite."""
    try:
        return Proof(Outcome.PROVED, settle_limits(claim.formula))
    except LimitError as error:
        return Proof(Outcome.REFUTED, str(error))
    except OutOfReachError as reason:
        return Proof(Outcome.OPEN, reason=str(reason))


def _counterexample(claim: Claim, tries: int) -> Example | None:
    # What is random has no numbers to be evaluated at.
    return None if claim.is_statistical else counterexample(claim.formula, claim.variables, tries)


def _attempts(claim: Claim) -> Iterator[Callable[[], Proof]]:
    """The methods that may apply to a claim, in order."""
    formula, n = claim.formula, _depth(claim)

    def proved(method: Callable[..., str], *arguments: Any) -> Callable[[], Proof]:
        return lambda: Proof(
            Outcome.PROVED, method(*arguments), widths=covered(claim.variables.values())
        )

    if isinstance(formula, Iff):
        yield proved(settle_logarithms, formula)
        if n is None:
            yield proved(_equivalence_by_cases, claim)
    elif claim.is_statistical:
        yield proved(settle_expectation, formula)
    elif n is None:
        yield proved(_written_out, claim, None)
    else:
        arguments = (
            by_invariant,
            by_induction,
            by_recursion,
            by_geometric_bound,
            by_singular_values,
            by_norms,
        )
        for argument in arguments:
            if n.low >= 1:
                yield proved(argument, formula, n)
        yield lambda: _expanded(claim, int(n.low))


def _depth(claim: Claim) -> Any:
    """The variable that is the depth, or None."""
    return next((v for v in claim.variables.values() if isinstance(v, Depth)), None)


def _written_out(claim: Claim, depth: int | None) -> str:
    """Settle a relation, written out at a depth, at small explicit sizes."""
    field = Field()
    try:
        return _settled_in(field, claim, depth)
    except ShapeError:
        raise
    except OutOfReachError:
        if not any(value.function in (tanh, heads.sigmoid) for value in field.values.values()):
            raise
        return _settled_in(Field(through_exponentials=True), claim, depth)


def _settled_in(field: Field, claim: Claim, depth: int | None) -> str:
    at = {} if depth is None else {_depth(claim): Integer(depth)}
    arguments = [side.xreplace(at) for side in claim.formula.args]

    def sides() -> tuple[Any, Any]:
        reading = Unrolling(field, Symbols(field, claim.formula, Sizes(depth=depth)))
        return reading.value(arguments[0]), reading.value(arguments[1])

    contacts = (claim.attained_at or {}).values()
    return settle(type(claim.formula), sides, field, Facts(), contacts)


def _equivalence_by_cases(claim: Claim) -> str:
    """Settle an Iff by the signs that its two comparisons ask for."""
    field = Field()

    def statements() -> list[tuple[Any, Evaluated, Evaluated]]:
        reading = Unrolling(field, Symbols(field, claim.formula, Sizes()))
        return [(type(part), *map(reading.value, part.args)) for part in claim.formula.args]

    return settle_equivalence(statements, field, Facts())


def _expanded(claim: Claim, least: int) -> Proof:
    """Settle a relation at the first depths, which says nothing of greater ones."""
    depths = range(least, least + EXPANDED)
    ways = dict.fromkeys(_written_out(claim, depth) for depth in depths)
    return Proof(
        Outcome.PROVED,
        f"for n <= {depths[-1]} only, written out: {'; '.join(ways)}",
        n_at_most=depths[-1],
        widths=covered(claim.variables.values()),
    )


def _refute(claim: Claim) -> Proof:
    """Evaluate a refuted claim at all its witnesses, each of which has to break it."""
    try:
        examples = [
            at_witness(claim.formula, claim.variables, witness) for witness in claim.witnesses
        ]
    except (OutOfReachError, PolynomialError, RecursionError) as reason:
        return Proof(Outcome.OPEN, reason=str(reason))
    for example in examples:
        if example.holds:
            return Proof(Outcome.OPEN, reason=f"the witness does not break the claim: {example}")
    return _refuted(examples)


def _refuted(examples: Sequence[Example]) -> Proof:
    first = examples[0]
    return Proof(
        Outcome.REFUTED,
        "exact evaluation at " + "; and at ".join(map(str, examples)),
        witness={**first.numbers, "left": first.left, "right": first.right},
    )
