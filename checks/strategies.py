"""From a claim's domains to examples: Hypothesis draws structure, NumPy fills the bulk from a seed.

Hypothesis decides what it is good at: depth, widths, rows, parameters, the region of the format
that values come from. The values themselves come from a seeded generator, in one call an array,
because element-wise drawing is a thousand times slower and shrinks no better than
`checks.minimise` does. Parameters have at most eight significant bits, so that they are
representable in every format.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from checks.example import Example
from checks.formats import FLOAT64, Format
from checks.lists import entered
from checks.program import Argument, Key
from theory.calculus import FormatConstant
from theory.claim import Claim
from theory.domains import (
    ClippingLimit,
    Epsilon,
    PositiveWeights,
    Steps,
    TallShape,
    Weights,
    WideShape,
    is_within,
)

# How many samples an example of entries holds; multiprecision references make float64 dearer.
ENTRIES = 512
WIDE_ENTRIES = 48
# The same where the depth is what varies, thousands of layers of it.
DEEP_ENTRIES = 4

WEIGHTS = (Weights, PositiveWeights)
REGIONS = ("moderate", "simple", "small", "large", "everywhere")


@dataclass(frozen=True)
class Structure:
    """The part of an example that Hypothesis draws and shrinks."""

    numbers: dict[str, Argument]
    depth: int
    width: int
    rows: int
    inner: tuple[int, ...]  # widths between the layers, as many as are needed
    shapes: tuple[tuple[int, ...], ...]  # of a list of gradients
    region: str
    exponent: int  # a power of two that scales the bulk
    seed: int


def forms(claim: Claim) -> set[str]:
    """The forms of a claim's variables."""
    return {symbol.form for symbol in claim.variables.values()}


def is_bulk(claim: Claim) -> bool:
    """Whether every array of the claim holds one entry a sample."""
    arrays = forms(claim) - {"number", "depth", "shape", "seed"}
    return arrays <= {"entries", "layers of entries"}


def is_unary(claim: Claim) -> bool:
    """Whether a claim is about one real number: then a format can be swept in order."""
    return sorted(symbol.form for symbol in claim.variables.values()) == ["entries"]


def is_enumerable(claim: Claim, fmt: Format) -> bool:
    """Whether every input of the format is tried: one real number, in 16 bits."""
    kinds = [symbol.form for symbol in claim.variables.values()]
    return fmt.bits == 16 and kinds.count("entries") == 1 and set(kinds) <= {"entries", "number"}


def examples(claim: Claim, fmt: Format, *, enumerated: bool = True) -> st.SearchStrategy[Example]:
    """Examples of a claim in a format; where possible each holds every value of the format."""
    return structures(claim, fmt).map(
        lambda structure: fill(claim, fmt, structure, enumerated=enumerated)
    )


def structures(claim: Claim, fmt: Format) -> st.SearchStrategy[Structure]:
    """What Hypothesis draws."""
    numbers = {
        name: parameters(symbol)
        for name, symbol in claim.variables.items()
        if symbol.form == "number"
    }
    regions, reach = regions_of(claim, fmt)
    return st.builds(
        Structure,
        numbers=st.fixed_dictionaries(numbers),
        depth=depths(claim, fmt),
        width=st.integers(1, 6),
        rows=st.sampled_from([2, 3, 4, 8, 16, 33, 64]),
        inner=st.tuples(*[st.integers(1, 5)] * 12),
        shapes=st.lists(
            st.sampled_from([(1,), (3,), (0,), (2, 3), (17,), (4, 5, 2), (300,)]),
            min_size=1,
            max_size=3,
        ).map(tuple),
        region=st.sampled_from(regions),
        exponent=reach,
        seed=st.integers(0, 2**32 - 1),
    )


def regions_of(claim: Claim, fmt: Format) -> tuple[tuple[str, ...], st.SearchStrategy[int]]:
    """Where values come from: as far out as the claim can bear without drowning in overflow."""
    kinds = forms(claim)
    if kinds & {"row", "batch"}:  # matrices, whose products grow with the width
        return ("moderate", "simple", "small"), st.integers(-3, 0)
    if "tensors" in kinds:
        half = fmt.max_exponent // 2
        return REGIONS[:3], st.one_of(st.integers(-12, 4), st.integers(-half, half))
    several = sum(symbol.form == "entries" for symbol in claim.variables.values()) > 1
    if claim.formula.atoms(FormatConstant):  # it is about the ends of the range
        return REGIONS, st.integers(-3, 3)
    if "depth" in kinds or several:  # layers of one neuron, whose products leave the range
        return ("moderate", "simple", "small"), st.integers(-3, 3)
    return REGIONS, st.integers(-3, 3)


def depths(claim: Claim, fmt: Format) -> st.SearchStrategy[int]:
    """Depths to try: ten layers with weights of their own, five steps, any number of factors."""
    if "depth" not in forms(claim):
        return st.just(1)
    if forms(claim) & {"row", "batch"} or is_stepwise(claim):
        return st.integers(1, 5)
    if is_layered(claim):
        return st.integers(1, 10)
    # Every magnitude of depth is as likely as any other, shallow ones first.
    top = deepest(fmt)
    return st.one_of(
        [st.just(top)]
        + [st.integers(1, top >> halvings) for halvings in range(12) if top >> halvings]
    )


def is_layered(claim: Claim) -> bool:
    """Whether each layer has weights of its own; a factor that repeats has none."""
    return any(form.startswith("layers") or form == "map" for form in forms(claim))


def is_stepwise(claim: Claim) -> bool:
    """Whether a claim is about the steps of an optimiser, whose roundings grow step by step."""
    return any(isinstance(symbol, Steps) for symbol in claim.variables.values())


def is_deep(claim: Claim) -> bool:
    """Whether the depth itself is what a claim is about, thousands of layers of it."""
    return "depth" in forms(claim) and not (is_layered(claim) or is_stepwise(claim))


def deepest(fmt: Format) -> int:
    """Deep enough for the simplest factors, 3/2 and 4/5, to leave the format at either end."""
    return int((fmt.max_exponent + fmt.precision) / np.log2(1.25)) + 16


def parameters(domain: Any) -> st.SearchStrategy[Fraction]:
    """Numbers of a domain with at most eight significant bits, simple ones first."""

    def inside(value: Fraction) -> bool:
        return is_within(domain, value, lambda bound: Fraction(str(bound)))

    simple = [Fraction(n, d) for d in (1, 2, 4) for n in range(-4 * d, 4 * d + 1)]
    if domain.high is not None:  # such as an eps, where small is ordinary
        simple += [Fraction(1, 2**power) for power in range(3, 21)]
    simple = sorted(
        {value for value in simple if inside(value)},
        key=lambda value: (abs(value - Fraction(str(domain.simplest))), value < 0),
    )
    eight_bits = st.builds(
        lambda mantissa, exponent: Fraction(mantissa) * Fraction(2) ** exponent,
        st.integers(-255, 255),
        st.integers(-9, -6),
    )
    return st.one_of(st.sampled_from(simple), eight_bits.filter(inside))


# -- filling in the bulk --------------------------------------------------------------------------


def fill(claim: Claim, fmt: Format, structure: Structure, *, enumerated: bool = True) -> Example:
    """An example of the given structure."""
    rng = np.random.default_rng(structure.seed)
    numbers: dict[str, Argument] = dict(structure.numbers)
    count = WIDE_ENTRIES if fmt is FLOAT64 else ENTRIES
    if is_deep(claim):
        count = DEEP_ENTRIES
    arrays: dict[Key, Any] = {}
    for name, symbol in claim.variables.items():
        if symbol.form == "depth":
            numbers[name] = Fraction(structure.depth)
        elif symbol.form == "shape":
            numbers[name] = _weight_shape(symbol, structure.inner[0], structure.width)
        elif symbol.form == "seed":
            numbers[name] = Fraction(structure.seed)
        elif symbol.form != "number":
            for key, shape in shapes(name, symbol, structure, count):
                arrays[key] = draw(rng, fmt, symbol, shape, structure)
    if enumerated and is_enumerable(claim, fmt):
        (name,) = (name for name, symbol in claim.variables.items() if symbol.form == "entries")
        arrays[name, 0] = everything(fmt, claim.variables[name])
    samples = len(next(iter(arrays.values()))) if arrays and is_bulk(claim) else 1
    return Example(numbers, arrays, samples)


def _weight_shape(symbol: Any, out: int, into: int) -> tuple[int, int]:
    """The shape of a weight that takes a row of the example in."""
    if isinstance(symbol, TallShape):
        return into + out - 1, into
    return (min(out, into) if isinstance(symbol, WideShape) else out), into


def shapes(name: str, symbol: Any, structure: Structure, count: int) -> Iterator[tuple[Key, Any]]:
    """The keys and shapes of one variable's arrays; a list of shapes for a list of arrays."""
    width, depth = structure.width, structure.depth
    # The layers' widths: those of the rows at both ends, any between.
    widths = [width, *(structure.inner[i % 12] for i in range(depth - 1)), width]
    layers = range(1, depth + 1)
    match symbol.form:
        case "entries":
            yield (name, 0), (count,)
        case "layers of entries":
            yield from (((name, layer), (count,)) for layer in layers)
        case "row":
            yield (name, 0), (1, width)
        case "features":
            yield (name, 0), (width,)
        case "batch":
            yield (name, 0), (structure.rows, width)
        case "matrix":
            yield (name, 0), (width, width)
        case "square":
            yield (name, 0), (width, width)
        case "gates matrix":
            yield (name, 0), (symbol.gates * width, width)
        case "gates":
            yield (name, 0), (symbol.gates * width,)
        case "layers of row":
            yield from (((name, layer), (1, width)) for layer in layers)
        case "layers of square" | "layers of orthogonal":
            yield from (((name, layer), (width, width)) for layer in layers)
        case "layers of row features":
            yield from (((name, layer), (width,)) for layer in layers)
        case "layers of matrix":
            yield from (((name, layer), (widths[layer], widths[layer - 1])) for layer in layers)
        case "layers of features":
            yield from (((name, layer), (widths[layer],)) for layer in layers)
        case "map":  # one without a layer, f(x), and one for each layer, f(i, x)
            for layer in range(depth + 1):
                yield (f"{name}.weight", layer), (width, width)
                yield (f"{name}.bias", layer), (width,)
        case "tensors":
            yield (name, 0), list(structure.shapes)


def draw(
    rng: np.random.Generator, fmt: Format, symbol: Any, shape: Any, structure: Structure
) -> Any:
    """Values of a domain in a format, of a shape or a list of shapes."""
    if isinstance(shape, list):
        return [draw(rng, fmt, symbol, part, structure) for part in shape]
    if symbol.form == "layers of orthogonal":
        return orthogonal(rng, fmt, shape[0])
    if symbol.low is not None and symbol.high is not None:
        return between(rng, fmt, symbol, shape)
    size = int(np.prod(shape))
    if structure.region == "everywhere":
        values = _anywhere(rng, fmt, size)
    else:
        exponent = structure.exponent
        if symbol.form in {
            "matrix",
            "square",
            "gates matrix",
            "layers of matrix",
            "layers of square",
            "map",
        }:
            # As initialisers do: a weight shrinks with the root of its fan-in, and so keeps bounds
            # on products of Jacobians from growing with the width alone.
            exponent -= round(math.log2(structure.width) / 2) + 1
        values = fmt.nearest(_REGIONS[structure.region](rng, size, exponent))
    values = np.where(inside(symbol, values), values, -values)
    values[~inside(symbol, values)] = fmt.nearest(np.array(float(symbol.simplest)))
    return values.reshape(shape)


def inside(domain: Any, values: Any) -> NDArray[np.bool_]:
    """Which values lie in a domain."""
    values = np.asarray(values, dtype=np.float64)
    return np.ones(values.shape, dtype=bool) & is_within(domain, values, float)


def between(rng: np.random.Generator, fmt: Format, symbol: Any, shape: Any) -> NDArray[Any]:
    """Values strictly inside bounds, the simplest of the domain first."""
    low, high = (fmt.nearest(np.array([float(bound)])) for bound in (symbol.low, symbol.high))
    ordinals = rng.integers(fmt.ordinals(low)[0] + 1, fmt.ordinals(high)[0], int(np.prod(shape)))
    values = fmt.from_ordinals(ordinals)
    values[:1] = fmt.nearest(np.array([float(symbol.simplest)]))
    return values.reshape(shape)


def orthogonal(rng: np.random.Generator, fmt: Format, width: int) -> NDArray[Any]:
    """An orthogonal matrix that every format holds exactly: blocks of ±1/2, and ±1, shuffled."""
    block = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    matrix = np.eye(width)
    for start in range(0, width - 3, 4):
        matrix[start : start + 4, start : start + 4] = block
    signs = rng.choice([-1.0, 1.0], (width, 1))
    return fmt.nearest(signs * matrix[rng.permutation(width)][:, rng.permutation(width)])


def everything(fmt: Format, symbol: Any) -> NDArray[Any]:
    """Every finite value of a 16-bit format that lies in the domain."""
    values = fmt.all_finite()
    return values[inside(symbol, values)]


def _anywhere(rng: np.random.Generator, fmt: Format, size: int) -> NDArray[Any]:
    """Any bit pattern that is finite: every exponent is as likely as any other."""
    top = fmt.largest_ordinal
    values = fmt.from_ordinals(rng.integers(-top, top, size, endpoint=True))
    edges = np.array([0, 1, -1, top, -top], dtype=np.int64)
    values[: len(edges)] = fmt.from_ordinals(edges)[:size]
    return values


def _moderate(rng: np.random.Generator, size: int, exponent: int) -> NDArray[np.float64]:
    return np.ldexp(rng.normal(size=size), exponent)


def _simple(rng: np.random.Generator, size: int, exponent: int) -> NDArray[np.float64]:
    return rng.integers(-4, 5, size) / 2


def _small(rng: np.random.Generator, size: int, exponent: int) -> NDArray[np.float64]:
    return np.ldexp(rng.uniform(-1, 1, size), exponent - 4)


def _large(rng: np.random.Generator, size: int, exponent: int) -> NDArray[np.float64]:
    """From 1 to 2**12, every binade as likely as any other: where activations saturate."""
    return np.exp2(rng.uniform(0, 12, size)) * rng.choice([-1, 1], size)


_REGIONS: dict[str, Callable[[np.random.Generator, int, int], NDArray[np.float64]]] = {
    "moderate": _moderate,
    "simple": _simple,
    "small": _small,
    "large": _large,
}


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
    if "batch" in forms(claim) and forms(claim) <= {"batch", "features", "number"}:
        yield from outliers(claim, fmt)


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


def outliers(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Batches that samples hardly hit, with an eps that users write and no short format holds.

    One row far from the others, rows that are all alike, values whose squares overflow; and more
    rows than a block of a kernel has.
    """
    huge = 2 ** (fmt.max_exponent - 3)
    for rows in ((0, 0, 0, 1024), (1, 1, 1, 1), (huge, -huge, 2 * huge, 4 * huge)):
        point: dict[str, Any] = {}
        for name, symbol in claim.variables.items():
            if symbol.form == "batch":
                point[name] = (1, -2, 3, -4) if "batch" in _forms_of(claim, point) else rows
            elif symbol.form == "features":
                point[name] = 1
            elif isinstance(symbol, Epsilon):
                point[name] = Fraction(1, 10**8)
        yield at(claim, fmt, point)
    if fmt is not FLOAT64:  # whose reference is dear
        many = replace(_smallest(claim, 1), rows=257, width=2, region="moderate")
        yield fill(claim, fmt, many)


def _forms_of(claim: Claim, names: Iterable[str]) -> set[str]:
    return {claim.variables[name].form for name in names}


def uniform(claim: Claim, fmt: Format) -> Iterator[Example]:
    """Every weight 8, and every weight 1/8, ten layers deep: the edges of the range in float16."""
    for weight in (8, Fraction(1, 8)):
        point = {
            name: weight if type(symbol) in WEIGHTS else symbol.simplest
            for name, symbol in claim.variables.items()
        }
        depths = (name for name, symbol in claim.variables.items() if symbol.form == "depth")
        yield at(claim, fmt, {**point, **dict.fromkeys(depths, 10)})


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


def _smallest(claim: Claim, depth: int) -> Structure:
    numbers: dict[str, Argument] = {
        name: Fraction(str(symbol.simplest))
        for name, symbol in claim.variables.items()
        if symbol.form == "number"
    }
    return Structure(numbers, depth, 1, 2, (1,) * 12, ((1,),), "simple", 0, 0)
