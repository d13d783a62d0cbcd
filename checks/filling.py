"""Filling an example's arrays: one call of a seeded generator each, for thousands of values.

Drawing element by element is a thousand times slower, and shrinks no better than `checks.minimise`
does.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.example import Example
from checks.formats import FLOAT64, Format
from checks.program import Argument, Key
from checks.traits import is_bulk, is_deep, is_enumerable, the_entries
from theory.claim import Claim
from theory.domains import TallShape, WideShape, is_within

# How many samples an example of entries holds; multiprecision references make float64 dearer.
ENTRIES = 512
WIDE_ENTRIES = 48
# The same where the depth is what varies, thousands of layers of it.
DEEP_ENTRIES = 4


@dataclass(frozen=True)
class Structure:
    """The part of an example that Hypothesis draws and shrinks."""

    numbers: dict[str, Argument]
    depth: int
    width: int
    rows: int
    inner: tuple[int, ...]  # widths between the layers, over and over again
    shapes: tuple[tuple[int, ...], ...]  # of a list of gradients
    region: str
    exponent: int  # a power of two that scales the bulk
    seed: int


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
        name, domain = the_entries(claim)
        arrays[name, 0] = everything(fmt, domain)
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
    widths = [width, *islice(cycle(structure.inner), depth - 1), width]
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
        case "inputs":
            yield (name, 0), (structure.rows, structure.inner[0])
        case "inputs gates":
            yield (name, 0), (symbol.gates * width, structure.inner[0])
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
            "inputs gates",
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
