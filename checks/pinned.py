"""Examples that are not drawn: points that a claim names, edges of a format, shapes of kernels."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.example import Example
from checks.filling import Structure, fill, inside, shapes
from checks.formats import FLOAT32, FLOAT64, Format
from checks.lists import entered
from checks.parameters import customary, ends
from checks.program import Argument, Key
from checks.traits import (
    forms,
    is_bulk,
    is_deep,
    is_enumerable,
    is_of_one,
    is_stepwise,
    is_unary,
    the_entries,
)
from theory.calculus import Jacobian
from theory.claim import Claim
from theory.domains import ClippingLimit, Epsilon, PositiveWeights, Weights

WEIGHTS = (Weights, PositiveWeights)
STATISTICS = {"batch_norm", "batch_norm_running"}
CELLS = {"rnn_cell", "lstm_cell", "gru_cell"}


def pinned(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Examples tried before any are drawn: points that a claim names, edges of a format."""
    yield from witnesses(claim, fmt)
    if is_deep(claim):
        for depth in edges(claim, fmt):
            yield fill(claim, fmt, _smallest(claim, depth))
    if "layers of entries" in forms(claim):
        yield from uniform(claim, fmt)
    if _is_clipped(claim):
        yield from lengths(claim, fmt)
    if "tensors" in forms(claim):
        yield from zeros(claim, fmt)
    if "batch" in forms(claim) and forms(claim) <= {"batch", "features", "number"}:
        yield from outliers(claim, fmt)
    if is_unary(claim) and not is_enumerable(claim, fmt):
        yield kinks(claim, fmt)
    if is_of_one(claim):
        yield from lone(claim, fmt)
    if CELLS & claim.heads:
        yield saturated(claim, fmt)
    yield from corners(claim, fmt)
    if is_stepwise(claim) and is_bulk(claim):
        yield from dust(claim, fmt)


def large(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Examples that are tried last, as a smaller one that fails alike is easier to read."""
    if "batch" in forms(claim):
        yield from blocks(claim, fmt)
    if is_of_one(claim) and fmt is FLOAT32:  # 16 bits are enumerated, and 64 are dear
        yield many(claim, fmt)
    if "tensors" in forms(claim):
        yield lists(claim, fmt)


def _is_clipped(claim: Claim) -> bool:
    limits = any(isinstance(symbol, ClippingLimit) for symbol in claim.variables.values())
    return "tensors" in forms(claim) and (limits or "global_norm" in claim.heads)


def lengths(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Gradients of four times the limit, from one end of the range to the other.

    Their squares vanish, or overflow, and the last has a norm that is beyond the range itself.
    """
    low, high = fmt.min_exponent, fmt.max_exponent
    # 1e-30 and 1e20 among them, where the format holds these.
    exponents = [low, -100, -4, 0, 65, high - 3]
    points = [((3, 4), 5, e) for e in exponents if low <= e <= high - 3]
    for entries, norm, exponent in [*points, ((1, 1, 1, 1), 2, high)]:
        scale = Fraction(2) ** exponent
        point: dict[str, Any] = {}
        for name, symbol in claim.variables.items():
            if symbol.form == "tensors":
                point[name] = tuple(entry * scale for entry in entries)
            elif isinstance(symbol, ClippingLimit):
                point[name] = norm * scale / 4
        yield at(claim, fmt, point)


def zeros(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Each list of arrays in turn all zero, as the gradients of what no input has reached."""
    example = fill(claim, fmt, replace(ordinary(claim, 1), shapes=((3,), (2, 2))))
    for key, arrays in example.arrays.items():
        if claim.variables[key[0]].form == "tensors":
            yield example.with_array(key, [np.zeros_like(array) for array in arrays])


def outliers(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Batches that samples hardly hit, with an eps that users write and no short format holds.

    One row far from the others, rows that are all alike, values whose squares overflow, and a mean
    so far from zero that the variance drowns in the roundings of squares, though not in those of
    differences.
    """
    huge = 2 ** (fmt.max_exponent - 3)
    far = 2 ** min(fmt.precision, fmt.work.precision // 2)
    step = max(1, far >> (fmt.precision - 1))  # from one number of the format to the next
    variables = claim.variables.items()
    batches = [name for name, symbol in variables if symbol.form == "batch"]
    fixed: dict[str, Any] = dict.fromkeys(batches, (1, -2, 3, -4))
    fixed |= {name: 1 for name, symbol in variables if symbol.form == "features"}
    fixed |= ordinary(claim, 1).numbers
    fixed |= {name: Fraction(1, 10**8) for name, symbol in variables if isinstance(symbol, Epsilon)}
    for rows in (
        (0, 0, 0, 1024),
        (1, 1, 1, 1),
        (huge, -huge, 2 * huge, 4 * huge),
        tuple(far + step * k for k in (0, 1, 2, 4)),
    ):
        yield at(claim, fmt, {**fixed, batches[0]: rows})


def lone(claim: Claim, fmt: Format) -> Iterator[Example]:
    """A number by itself, where a kernel may take another way; and zero's other sign."""
    for value in (2.5, -0.0):
        example = side_by_side(claim, np.array([value], fmt.dtype))
        if example.samples:
            yield example


def many(claim: Claim, fmt: Format) -> Example:
    """More numbers than a block of a kernel has, and no whole number of blocks; of all sizes."""
    top = fmt.largest_ordinal
    values = fmt.from_ordinals(
        np.linspace(-top, top, 2 * 1031 + 1).astype(np.int64).clip(-top, top)
    )
    return side_by_side(claim, values)


def side_by_side(claim: Claim, values: NDArray[Any]) -> Example:
    """Those of some values that lie in the domain of a claim's one variable, each a sample."""
    name, domain = the_entries(claim)
    values = values[inside(domain, values)]
    return Example(ordinary(claim, 1).numbers, {(name, 0): values}, len(values))


def blocks(claim: Claim, fmt: Format) -> Iterator[Example]:
    """More rows, and more features, than a block of a kernel has; whole blocks, and others.

    Fewer features where matrices are as wide, and of float64, whose reference is dear.
    """
    if forms(claim) <= {"batch", "features", "number"}:
        sizes = [(3, 16)] if fmt is FLOAT64 else [(1025, 2), (3, 257), (128, 32)]
    elif fmt is FLOAT64:
        return
    else:
        sizes = [(1025, 2), (3, 33), (128, 16)]
    if not STATISTICS & claim.heads:  # which take more rows than one
        # A Jacobian takes a backward pass for each of its rows.
        sizes.append((1, 8 if claim.formula.atoms(Jacobian) or fmt is FLOAT64 else 130))
    for rows, width in sizes:
        sized = replace(ordinary(claim, 1), rows=rows, width=width, inner=(width - 1 or 1,))
        exponent = -2 if rows < width else 0
        yield fill(claim, fmt, replace(sized, region="moderate", exponent=exponent))


def kinks(claim: Claim, fmt: Format) -> Example:
    """The halves from -8 to 8, where functions are stitched together, and their neighbours."""
    halves = fmt.ordinals(fmt.nearest(np.arange(-16, 17) / 2))
    values = np.unique(fmt.from_ordinals(np.concatenate([halves - 1, halves, halves + 1])))
    return side_by_side(claim, values)


def lists(claim: Claim, fmt: Format) -> Example:
    """More arrays than a kernel takes at a time, a number among them and one of four dimensions."""
    several = ((3,), (), (2, 1, 3, 1), (1,), (2, 2), (), (5,))
    structure = replace(ordinary(claim, 1), shapes=several, region="moderate", exponent=2)
    return fill(claim, fmt, structure)


def uniform(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Every weight 8, or 1/8, ten layers deep: the edges of the range in float16; and −32.

    It leads from σ(0) = 1/2 far to the left, where 1/2 + tanh/2 and 1/4 − (y − 1/2)² cancel.
    """
    for weight in (8, Fraction(1, 8), -32):
        point = {
            name: weight if type(symbol) in WEIGHTS and inside(symbol, weight) else symbol.simplest
            for name, symbol in claim.variables.items()
        }
        depths = (name for name, symbol in claim.variables.items() if symbol.form == "depth")
        yield at(claim, fmt, {**point, **dict.fromkeys(depths, 10)})


def saturated(claim: Claim, fmt: Format) -> Example:
    """Rows so large that a cell's gates are open or closed, and its state at an end."""
    sized = replace(ordinary(claim, 1), rows=3, width=2, inner=(2,))
    return fill(claim, fmt, replace(sized, region="large"))


def corners(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Each of a claim's numbers at either end of its domain, where most margins are least.

    And all of them such as the short formats do not hold.
    """
    structure = replace(ordinary(claim, 1), rows=4, width=4, inner=(3,), region="moderate")
    settings = [
        {**structure.numbers, name: end}
        for name in structure.numbers
        for end in ends(claim.variables[name])
    ]
    if settings:
        settings.append({name: customary(claim.variables[name]) for name in structure.numbers})
    for numbers in settings:
        yield fill(claim, fmt, replace(structure, numbers=numbers))


def dust(claim: Claim, fmt: Format) -> Iterator[Example]:
    """The smallest numbers of a format, five steps on: what a step leaves of them may be nothing.

    Each of a claim's numbers is ordinary, at its upper end, or 3/4, times which the smallest number
    is itself.
    """
    structure = ordinary(claim, 5)
    example = fill(claim, fmt, structure)
    smallest = fmt.from_ordinals(np.arange(1, 65))
    for name, _ in example.arrays:
        smallest = smallest[inside(claim.variables[name], smallest)]
    arrays = dict.fromkeys(example.arrays, smallest)
    values = []
    for name, number in structure.numbers.items():
        domain = claim.variables[name]
        several = {number, ends(domain)[1], Fraction(3, 4)}
        values.append([one for one in several if inside(domain, one)])
    for point in product(*values):
        numbers = {**example.numbers, **dict(zip(structure.numbers, point, strict=True))}
        yield Example(numbers, arrays, len(smallest))


def edges(claim: Claim, fmt: Format) -> list[int]:
    """The depths around which the simplest factor of a claim leaves the format."""
    factors = {float(s.simplest) for s in claim.variables.values() if s.form == "entries"}
    depths = set()
    for factor in factors - {0.0, 1.0}:
        threshold = fmt.overflow_threshold if factor > 1 else fmt.underflow_threshold
        bits = math.log2(threshold.numerator) - math.log2(threshold.denominator)
        at = math.ceil(bits / math.log2(factor))
        depths |= {at - 1, at, at + 1}
    return sorted(depths)


def witnesses(claim: Claim, fmt: Format) -> Iterator[Example]:
    """The points that a claim names: its counterexamples, or where it holds with equality."""
    for point in (*claim.witnesses, *([claim.attained_at] if claim.attained_at else [])):
        yield at(claim, fmt, point)


def is_witness(claim: Claim, fmt: Format, example: Example) -> bool:
    """Whether an example is one of the counterexamples that a refuted claim names."""
    return any(_same(example, at(claim, fmt, point)) for point in claim.witnesses)


def _same(one: Example, other: Example) -> bool:
    if one.numbers != other.numbers or one.arrays.keys() != other.arrays.keys():
        return False
    pairs = ((one.arrays[key], other.arrays[key]) for key in one.arrays)
    return all(
        np.array_equal(a, b)
        for mine, theirs in pairs
        for a, b in zip(entered(mine), entered(theirs), strict=False)
    )


def at(claim: Claim, fmt: Format, point: Mapping[str, Any]) -> Example:
    """One value for all entries of a variable; the simplest where the point names none.

    A tuple gives those of a list of gradients, or of the rows of a batch, one by one.
    """
    given = {name: point.get(name, symbol.simplest) for name, symbol in claim.variables.items()}
    counts = {
        claim.variables[name].form: len(entries)
        for name, entries in given.items()
        if isinstance(entries, tuple)
    }
    values = {
        name: [Fraction(str(one)) for one in (entries if isinstance(entries, tuple) else [entries])]
        for name, entries in given.items()
    }
    depths = [int(values[n][0]) for n, symbol in claim.variables.items() if symbol.form == "depth"]
    structure = _smallest(claim, max(depths, default=1))
    structure = replace(
        structure,
        shapes=((counts.get("tensors", 1),),),
        rows=counts.get("batch", structure.rows),
    )
    numbers: dict[str, Argument] = {}
    arrays: dict[Key, Any] = {}
    for name, symbol in claim.variables.items():
        if symbol.form in {"number", "depth", "seed"}:
            (numbers[name],) = values[name]
        elif symbol.form == "shape":
            numbers[name] = (1, 1)
        for key, shape in shapes(name, symbol, structure, 1):
            # A map f(x) = a·x is not smooth and bounded; its weight is a, its bias 0.
            entries = [0.0] if key[0].endswith(".bias") else [float(one) for one in values[name]]
            arrays[key] = (
                [fmt.nearest(np.resize(entries, part)) for part in shape]
                if isinstance(shape, list)
                else fmt.nearest(np.resize(entries, shape))
            )
    return Example(numbers, arrays)


def ordinary(claim: Claim, depth: int) -> Structure:
    """The smallest structure, but with 1/2 for a number, as 0 and 1 switch much of a claim off."""
    structure, half = _smallest(claim, depth), Fraction(1, 2)
    halves = {name: half for name in structure.numbers if inside(claim.variables[name], half)}
    return replace(structure, numbers={**structure.numbers, **halves})


def _smallest(claim: Claim, depth: int) -> Structure:
    numbers: dict[str, Argument] = {
        name: Fraction(str(symbol.simplest))
        for name, symbol in claim.variables.items()
        if symbol.form == "number"
    }
    return Structure(numbers, depth, 1, 2, (1,), ((1,),), "simple", 0, 0)
