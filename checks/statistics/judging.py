"""From a statistical claim to its result: the examples, what they show, and who is at fault.

An expectation is an interval, and a relation of intervals is sure to hold, sure to fail, or open.
An equation is held as long as both sides may be equal: its power is what the number of draws is
made for. Where a relation fails, the control is asked whether it does so there too: then the claim
is false, as long as both agree on every expectation; otherwise the implementation is wrong.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from checks.example import Example, MalformedInput, encode
from checks.filling import inside
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.implementations.ideal import IDEAL
from checks.lowering import LoweringError
from checks.operations import function_of, is_drawn
from checks.power import FALSE_ALARM
from checks.program import Argument, Program, Relation
from checks.statistics.sampling import Sample, sample
from checks.verdict import PRECEDENCE, Cell, Counterexample, Result, Verdict
from theory.calculus import Gradient
from theory.claim import Claim, Standing

# (out, in) of a layer's weight: every output is a draw. Of a gradient by the input, every input is.
LAYERS = ((8192, 6),)
# (out, in, *kernel) of a weight alone: wide, narrow, a kernel in two dimensions, one in one, and
# that of a depthwise convolution, which has a group for each channel.
WEIGHTS = ((512, 24), (24, 512), (64, 32, 3, 3), (40, 24, 7), (256, 1, 5, 5))
# Those of heads whose draws cost more: a factorisation for each, or many until one fits.
COSTLY = {
    "orthogonal": ((8, 5), (5, 8)),
    "truncated_normal": WEIGHTS[:3],
}
NUMBERS = tuple(map(Fraction, ("1", "2", "1/2", "3/2", "5/4", "3")))


@dataclass(frozen=True)
class Judgement:
    """The verdict on one example, with the sentence that explains it."""

    example: Example
    verdict: Verdict
    message: str
    operation: str = ""
    draws: int = 0
    left: float = np.nan
    right: float = np.nan
    bound: float = np.nan


def check_mean(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    seed: int | None = None,
    example: Example | None = None,
) -> Result:
    """Judge a relation between expectations, on standard examples or on a given one.

    Raises LoweringError for a claim that has no exact law, MalformedInput for an example that does
    not fit.
    """
    started = time.perf_counter()
    standard = list(examples(claim, fmt, seed or 0))
    alarm = FALSE_ALARM / len(standard)
    try:
        found = [
            judge(claim, implementation, fmt, one, alarm)
            for one in ([example] if example else standard)
        ]
    except (KeyError, IndexError, TypeError) as error:
        if example is None:
            raise
        raise MalformedInput(f"the inputs do not fit {claim.name}: {error}") from error
    worst = min(found, key=lambda one: PRECEDENCE.index(one.verdict))
    verdict, reason = worst.verdict, ""
    if claim.standing is Standing.REFUTED and verdict is Verdict.HOLDS:
        verdict, reason = Verdict.UNDECIDED, "the counterexample was not found"
    if verdict is Verdict.UNDECIDED and not reason:
        reason = f"the intervals overlap: {worst.message}"
    draws = sum(one.draws for one in found)
    return Result(
        cell=Cell(claim.name, implementation.name, fmt.name, implementation.device),
        verdict=verdict,
        coverage=f"statistical {FALSE_ALARM:g}, {draws} draws",
        samples=draws,
        decided=np.mean([one.verdict is not Verdict.UNDECIDED for one in found]).item(),
        slack_median=np.nan,
        slack_largest=np.nan,
        seconds=time.perf_counter() - started,
        smallest=None if verdict is Verdict.HOLDS else _counterexample(worst),
        reason=reason,
        notes={"effect": worst.message},
    )


def _counterexample(found: Judgement) -> Counterexample:
    return Counterexample(
        inputs=encode(found.example),
        operation=found.operation,
        left=found.left,
        right=found.right,
        gap=abs(found.left - found.right),
        bound=found.bound,
        message=found.message,
    )


# -- examples -------------------------------------------------------------------------------------


def examples(claim: Claim, fmt: Format, seed: int) -> Iterator[Example]:
    """One example for each shape, each with other numbers; the first of the seeds is given."""
    rng = np.random.default_rng(seed)
    rows = any(symbol.form == "row" for symbol in claim.variables.values())
    shapes: tuple[tuple[int, ...], ...] = LAYERS if rows else WEIGHTS
    if claim.formula.atoms(Gradient):
        shapes = tuple(shape[::-1] for shape in shapes)
    for head in claim.heads & COSTLY.keys():
        shapes = COSTLY[head]
    if not any(symbol.form == "shape" for symbol in claim.variables.values()):
        shapes = shapes[:1]
    for place, shape in enumerate(shapes):
        numbers: dict[str, Argument] = {}
        arrays = {}
        for offset, (name, symbol) in enumerate(claim.variables.items()):
            match symbol.form:
                case "shape":
                    numbers[name] = shape
                case "seed" | "draws":
                    numbers[name] = Fraction(seed)
                case "number":
                    fitting = [n for n in NUMBERS if inside(symbol, float(n))]
                    numbers[name] = fitting[(place + offset) % len(fitting)]
                case "row":
                    arrays[name, 0] = fmt.nearest(rng.normal(size=(1, shape[1])))
                case form:
                    raise LoweringError(
                        f"{claim.name}: {name} is {type(symbol).__name__}, and no examples are "
                        f"known for {form} in a claim about means; use Vector, Shape, Seed, "
                        "StandardNormal or a number such as Positive"
                    )
        yield Example(numbers, arrays)


# -- verdicts -------------------------------------------------------------------------------------


def judge(
    claim: Claim, implementation: Implementation, fmt: Format, example: Example, false_alarm: float
) -> Judgement:
    """Judge one example."""
    try:
        seen = sample(claim, implementation, fmt, example, false_alarm)
    except Misbehaviour as error:
        return Judgement(example, Verdict.DEFECT, str(error), error.operation)
    verdict = _verdict(claim, seen)
    if verdict is Verdict.DEFECT and (
        implementation.library == "ideal" or _fails_ideally(claim, fmt, example, false_alarm, seen)
    ):
        verdict = Verdict.FALSE
    return Judgement(
        example,
        verdict,
        _message(seen),
        _operation(seen.program) if verdict is Verdict.DEFECT else "",
        max(estimate.draws for estimate in seen.estimates.values()),
        float(seen.left.center),
        float(seen.right.center),
        float(seen.left.rad + seen.right.rad),
    )


def _verdict(claim: Claim, seen: Sample) -> Verdict:
    """HOLDS, UNDECIDED, or DEFECT where the relation is sure to fail."""
    difference = float(seen.left.center) - float(seen.right.center)
    error = float(seen.left.rad + seen.right.rad)
    match seen.program.relation:
        case Relation.EQUAL:
            return Verdict.HOLDS if abs(difference) <= error else Verdict.DEFECT
        case Relation.AT_MOST | Relation.BELOW:
            if difference < -error:
                return Verdict.HOLDS
            return Verdict.DEFECT if difference > error else Verdict.UNDECIDED
        case relation:
            raise LoweringError(
                f"{claim.name}: {relation.value} between expectations is nothing that draws can "
                "show; use Eq, <=, <, >= or >"
            )


def _fails_ideally(
    claim: Claim, fmt: Format, example: Example, false_alarm: float, seen: Sample
) -> bool:
    """Whether the control breaks the relation too, with the same expectations."""
    control = sample(claim, IDEAL, fmt, example, false_alarm)
    return _verdict(claim, control) is Verdict.DEFECT and all(
        estimate.agrees(control.estimates[node]) for node, estimate in seen.estimates.items()
    )


def _operation(program: Program) -> str:
    """The function that draws, or else the one whose mean is taken."""
    heads = [node.operation for node in program.network if node.parents or is_drawn(node.operation)]
    return function_of(next((one for one in heads if is_drawn(one)), heads[0]))


def _message(seen: Sample) -> str:
    parts = [
        f"mean {one.mean:.6g} of {one.draws} draws, so expected between {one.low:.6g} and "
        f"{one.high:.6g}, rounding at most {one.rounding:.2g}"
        for one in seen.estimates.values()
    ]
    sides = f"left {float(seen.left.center):.6g}, right {float(seen.right.center):.6g}"
    return f"{'; '.join(parts)}; {sides}"
