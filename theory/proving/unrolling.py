"""From a formula to explicit values: heads are defined, depth written out, derivatives taken.

A value is an expression over the field's symbols, or a SymPy matrix of them. A derivative by a node
of the network, such as an activation inside it, is structural: the node is overridden by new
symbols, the rest is evaluated on them, differentiated, and the node's value is put back.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from itertools import product
from typing import Any

from sympy import (
    Abs,
    Add,
    Dummy,
    Indexed,
    Integer,
    Matrix,
    MatrixBase,
    Mul,
    Pow,
    Product,
    S,
    Sum,
    erf,
    exp,
    eye,
    log,
    sign,
    zeros,
)
from sympy.matrices.exceptions import ShapeError as MatrixShapeError

from theory import calculus, heads
from theory.domains import Domain, Features
from theory.proving.arrays import Evaluated, broadcast, dot, entries, entry, like
from theory.proving.definitions import elementwise, read, reader
from theory.proving.errors import OutOfReachError, ShapeError
from theory.proving.field import Field
from theory.proving.sizes import Symbols
from theory.proving.watching import Watch


class Unrolling:
    """One reading of formulas: a field for the values, and the variables at their sizes."""

    def __init__(
        self, field: Field, variables: Symbols, overrides: Mapping[Any, Any] | None = None
    ) -> None:
        self.field = field
        self.variables = variables
        self.overrides = dict(overrides or {})
        self.watches: tuple[Watch, ...] = ()
        self._values: dict[Any, Any] = {}

    def overriding(self, overrides: Mapping[Any, Any]) -> "Unrolling":
        """The same reading, in which some nodes have another value."""
        other = self._copy({**self.overrides, **overrides})
        other.watches = self.watches
        return other

    def _copy(self, overrides: Mapping[Any, Any]) -> "Unrolling":
        return Unrolling(self.field, self.variables, overrides)

    def value(self, node: Any) -> Evaluated:
        """The value of a node of a formula. Raises OutOfReachError, and UndecidedSignError."""
        if node in self.overrides:
            for watch in self.watches:
                watch.used |= node == watch.node
            return self.overrides[node]
        if node not in self._values:
            for watch in self.watches:
                watch.seen.add(node)
            self._values[node] = self._evaluate(node)
        return self._values[node]

    def _evaluate(self, node: Any) -> Evaluated:
        if isinstance(node, Domain) or node.is_Symbol:
            return self.variables.variable(node)
        if node.is_number and not node.args:
            return read(node, {}, self.field)
        for kind, rule in _RULES.items():
            if isinstance(node, kind):
                return rule(self, node)
        raise OutOfReachError(f"{type(node).__name__} has no exact reading")

    # -- depth --------------------------------------------------------------------------------

    def iterated(self, node: Any) -> Evaluated:
        """A network of a given depth, its last layer peeled off."""
        body, h, layer, start, count = node.args
        if not count.is_Integer or count < 0:
            raise OutOfReachError(f"a network has {count} layers")
        return self.value(
            body.xreplace({layer: count, h: node.func(body, h, layer, start, count - 1)})
        )

    def terms(self, kind: Any, term: Any, index: Any, first: Any, last: Any) -> list[Evaluated]:
        """The terms of a Sum, Product, OrderedProduct or Largest, the lowest index first."""
        if not (first.is_Integer and last.is_Integer):
            raise OutOfReachError(f"the index {index} runs from {first} to {last}")
        return [
            self.value(term.xreplace({index: Integer(number)}))
            for number in range(int(first), int(last) + 1)
        ]

    def layer_number(self, index: Any) -> int:
        """Which layer an index means, as far as widths go."""
        if not index.is_Integer:
            raise OutOfReachError(f"{index} is no layer")
        return int(index)

    # -- derivatives --------------------------------------------------------------------------

    def derivatives(self, y: Any, x: Any) -> tuple[Evaluated, Evaluated, list[list[Any]]]:
        """The values of y and x, and the derivative of every entry of y by every entry of x."""
        for watch in self.watches:
            # What lies below a node that is overridden further out is cut off from y.
            if watch.is_inner_node and not x.has(watch.node):
                raise OutOfReachError(f"a derivative by {x} inside one by {watch.node}")
        at = self.value(x)
        if isinstance(x, Domain | Indexed) and all(part.is_Symbol for part in entries(at)):
            y_value, seeds = self.value(y), at
        else:
            # New symbols for each value too: the same node may be overridden further out.
            seeds = like(at, lambda r, c: self._seed(x, at, r, c))
            self.field.targets.update(zip(entries(seeds), entries(at), strict=True))
            inner = self.overriding({x: seeds})
            watch = Watch(x)
            inner.watches = (*self.watches, watch)
            y_value = inner.value(y)
            watch.refuse_hidden()
        self.refuse_unknown_dependence(x, seeds, y_value)
        back = dict(zip(entries(seeds), entries(at), strict=True)) if seeds is not at else {}
        slopes = [
            [
                self.field.substitute(self.field.derivative(one, seed), back)
                for seed in entries(seeds)
            ]
            for one in entries(y_value)
        ]
        return y_value, at, slopes

    def _seed(self, x: Any, at: Evaluated, row: int, column: int) -> Any:
        key = x, tuple(entries(at)), row, column
        if key not in self.field.seeds:
            self.field.seeds[key] = Dummy("v", real=True)
        return self.field.seeds[key]

    def refuse_unknown_dependence(self, x: Any, seeds: Evaluated, y_value: Evaluated) -> None:
        """Refuse a derivative of what is known by name alone; see theory.proving.peeling."""

    # -- heads --------------------------------------------------------------------------------

    def implemented(self, node: Any, output: str | None = None) -> Evaluated:
        """An implementation's head, by its definition; one of its outputs where it has several."""
        if isinstance(node, heads.Initializer):
            return self.weight(node)
        if "definition" not in vars(type(node)):
            raise OutOfReachError(f"{type(node).__name__} has no definition over the reals")
        arguments = [self.value(argument) for argument in node.args]
        if isinstance(node, heads.Elementwise):
            return broadcast(lambda *one: self.elementwise(type(node), *one), *arguments)
        places = [_places(argument) for argument in arguments]
        values = {
            place: value
            for places_, values_ in zip(places, arguments, strict=True)
            for place, value in zip(entries(places_), entries(values_), strict=True)
        }
        try:
            result = type(node).definition(*places)
        except MatrixShapeError as error:
            raise ShapeError(str(error)) from error
        if output is not None:
            result = result[list(node.outputs).index(output)]
        visit = reader(values, self.field)
        return like(result, lambda r, c: visit(entry(result, r, c)))

    def weight(self, node: Any) -> Evaluated:
        """What an initialiser draws, where that is a function of unknown numbers."""
        out, into = self.value(node.args[0])
        return self.made_of(node, Matrix(out, into, lambda r, c: Dummy("drawn", real=True)))

    def made_of(self, node: Any, numbers: Any) -> Evaluated:
        """The weight that an initialiser makes of independent numbers, by its definition."""
        if "definition" not in vars(type(node)):
            raise OutOfReachError(f"of what {type(node).__name__} draws, only means are known")
        result = node.definition(numbers, *map(self.value, node.args[1:-1]))
        visit = reader({number: number for number in numbers}, self.field)
        return like(result, lambda r, c: visit(result[r, c]))

    def elementwise(self, head: Any, *arguments: Any) -> Any:
        """One entry of an elementwise head."""
        return elementwise(head, arguments, self.field)

    def applied(self, node: Any) -> Evaluated:
        """A smooth map at a row."""
        smooth_map, *layer, row = node.args
        return self.variables.apply(smooth_map, layer[0] if layer else None, self.value(row))

    def zeros(self, node: Any) -> Evaluated:
        """A bias of zeros for a weight, for a shape (out, in), or like features."""
        if isinstance(node.args[0], Features):
            return zeros(1, self.value(node.args[0]).cols)
        given = self.value(node.args[0])
        return zeros(1, given[0] if isinstance(given, tuple) else given.rows)

    def singular_value(self, node: Any, direction: int) -> Any:
        """The largest or smallest singular value, by a formula where there are two at most."""
        matrix = self.value(node.args[0])
        squares = sum(one**2 for one in entries(matrix))
        if not isinstance(matrix, MatrixBase) or 1 in matrix.shape:
            return self.field.root(squares)
        if matrix.shape != (2, 2):
            raise OutOfReachError("the singular values of a matrix that is larger than 2 x 2")
        # σ² solves s² − (Σ a²) s + det² = 0.
        spread = self.field.root(squares**2 - 4 * matrix.det() ** 2)
        return self.field.root((squares + direction * spread) / 2)

    def larger(self, a: Any, b: Any) -> Any:
        """The larger of two numbers."""
        return a if self.field.sign(a - b) >= 0 else b

    def count_beyond(self, x: Any, bound: Any) -> Any:
        """How many entries of each column are larger in magnitude than a bound."""

        def counted(one: Any, limit: Any) -> Any:
            return S(int(self.field.sign(self.absolute(one) - limit) > 0))

        return _column_total(broadcast(counted, x, bound))

    def absolute(self, a: Any) -> Any:
        """The absolute value of a number."""
        return self.field.sign(a) * a


def _places(value: Evaluated) -> Evaluated:
    """New symbols for the entries of a value; known numbers stay, as they may be exponents."""

    def place(row: int, column: int) -> Any:
        known = entry(value, row, column)
        return known if getattr(known, "is_Rational", False) else Dummy(real=True)

    return like(value, place)


# -- the rules --------------------------------------------------------------------------------


def _slope(self: Unrolling, node: Any) -> Evaluated:
    y, x, slopes = self.derivatives(*node.args)
    if len(entries(y)) != len(entries(x)):
        raise OutOfReachError("a Slope needs as many entries above as below")
    for j, k in product(range(len(slopes)), repeat=2):
        if j != k and not self.field.is_zero(slopes[j][k]):
            raise OutOfReachError("the entries of a Slope depend on each other; write a Jacobian")
    width = y.cols if isinstance(y, MatrixBase) else 1
    return like(y, lambda r, c: slopes[r * width + c][r * width + c])


def _gradient(self: Unrolling, node: Any) -> Evaluated:
    _, x, slopes = self.derivatives(*node.args)
    if len(slopes) != 1:
        raise OutOfReachError("a Gradient needs a scalar above; write a Jacobian, or Total(...)")
    width = x.cols if isinstance(x, MatrixBase) else 1
    return like(x, lambda r, c: slopes[0][r * width + c])


def _jacobian(self: Unrolling, node: Any) -> Evaluated:
    return Matrix(self.derivatives(*node.args)[2])


def _diagonal(self: Unrolling, node: Any) -> Evaluated:
    row = entries(self.value(node.args[0]))
    return Matrix(len(row), len(row), lambda r, c: row[r] if r == c else S.Zero)


def _fold(operation: Callable[[Any, Any], Any], empty: Any) -> Callable[[list[Any]], Any]:
    def fold(values: list[Any]) -> Any:
        result = empty
        for value in values:
            result = value if result is empty else broadcast(operation, result, value)
        return result

    return fold


_add = _fold(lambda a, b: a + b, S.Zero)
_multiply = _fold(lambda a, b: a * b, S.One)


def _pow(self: Unrolling, node: Any) -> Evaluated:
    place = Dummy(real=True)
    exponent = self.value(node.exp)
    return broadcast(
        lambda base: read(Pow(place, exponent), {place: base}, self.field), self.value(node.base)
    )


def _ordered_product(self: Unrolling, node: Any) -> Evaluated:
    term, (index, first, last) = node.args
    result: Any = S.One
    for value in reversed(self.terms(type(node), term, index, last, first)):
        result = dot(result, value)
    return result


def _norm(self: Unrolling, node: Any) -> Evaluated:
    return self.field.root(sum(one**2 for one in entries(self.value(node.args[0]))))


def _part(self: Unrolling, node: Any) -> Evaluated:
    row, number, of = (self.value(part) for part in node.args)
    width = row.cols // int(of)
    return row[:, (int(number) - 1) * width : int(number) * width]


def _mean_square(self: Unrolling, node: Any) -> Evaluated:
    parts = entries(self.value(node.args[0]))
    return sum(one**2 for one in parts) / Integer(len(parts))


def _column_total(x: Any) -> Any:
    return Matrix(1, x.cols, lambda _, c: sum(x[r, c] for r in range(x.rows)))


def _column_mean(x: Any) -> Any:
    return _column_total(x) / Integer(x.rows)


def _column_variance(x: Any) -> Any:
    centred = broadcast(lambda one, mean: one - mean, x, _column_mean(x))
    return _column_mean(centred.applyfunc(lambda one: one**2))


def _trace(matrix: Any) -> Evaluated:
    return sum((matrix[k, k] for k in range(min(matrix.shape))), S.Zero)


def _largest(self: Unrolling, node: Any) -> Evaluated:
    term, limits = node.args
    return reduce(self.larger, self.terms(type(node), term, *limits))


def _sum_over_subsets(self: Unrolling, node: Any) -> Evaluated:
    term, limits = node.args
    result: Any = S.One
    for value in self.terms(type(node), term, *limits):
        result = broadcast(lambda a, b: a + a * b, result, value)
    return result


def _function(kind: Any) -> Callable[[Unrolling, Any], Evaluated]:
    return lambda self, node: broadcast(
        lambda one: self.field.apply(kind, one), self.value(node.args[0])
    )


_RULES: dict[Any, Callable[[Any, Any], Any]] = {
    Indexed: lambda self, node: self.variables.layer(
        node.base, node.indices[0], self.layer_number(node.indices[0])
    ),
    Add: lambda self, node: _add([self.value(part) for part in node.args]),
    Mul: lambda self, node: _multiply([self.value(part) for part in node.args]),
    Pow: _pow,
    exp: _function(exp),
    erf: _function(erf),
    log: _function(log),
    Abs: lambda self, node: broadcast(self.absolute, self.value(node.args[0])),
    Sum: lambda self, node: _add(self.terms(Sum, node.function, *node.limits[0])),
    Product: lambda self, node: _multiply(self.terms(Product, node.function, *node.limits[0])),
    calculus.Slope: _slope,
    calculus.Gradient: _gradient,
    calculus.Jacobian: _jacobian,
    calculus.Iterated: lambda self, node: self.iterated(node),
    calculus.OrderedProduct: _ordered_product,
    calculus.Largest: _largest,
    calculus.SumOverSubsets: _sum_over_subsets,
    calculus.Apply: lambda self, node: self.applied(node),
    calculus.Exactly: lambda self, node: self.value(node.args[0]),
    calculus.Computed: lambda self, node: self.value(node.args[0]),
    calculus.Constant: lambda self, node: self.value(node.args[0]),
    calculus.Dot: lambda self, node: dot(*(self.value(part) for part in node.args)),
    calculus.Transpose: lambda self, node: self.value(node.args[0]).T,
    calculus.Diagonal: _diagonal,
    calculus.Identity: lambda self, node: eye(self.value(node.args[0]).cols),
    calculus.Norm: _norm,
    calculus.LargestSingularValue: lambda self, node: self.singular_value(node, 1),
    calculus.SmallestSingularValue: lambda self, node: self.singular_value(node, -1),
    calculus.Part: _part,
    calculus.Zeros: lambda self, node: self.zeros(node),
    calculus.FreshState: lambda self, node: zeros(
        1, 2 * len(entries(self.value(node.args[0]))) + 1
    ),
    calculus.Trace: lambda self, node: _trace(self.value(node.args[0])),
    calculus.FanIn: lambda self, node: Integer(self.value(node.args[0])[1]),
    calculus.FanOut: lambda self, node: Integer(self.value(node.args[0])[0]),
    calculus.Total: lambda self, node: sum(entries(self.value(node.args[0]))),
    calculus.ColumnTotal: lambda self, node: _column_total(self.value(node.args[0])),
    calculus.ColumnMean: lambda self, node: _column_mean(self.value(node.args[0])),
    calculus.ColumnVariance: lambda self, node: _column_variance(self.value(node.args[0])),
    calculus.Rows: lambda self, node: Integer(self.value(node.args[0]).rows),
    calculus.CountBeyond: lambda self, node: self.count_beyond(*map(self.value, node.args)),
    calculus.Joined: lambda self, node: self.value(node.args[0]),
    sign: lambda self, node: broadcast(
        lambda one: Integer(self.field.sign(one)), self.value(node.args[0])
    ),
    calculus.SecondMoment: _mean_square,
    calculus.Larger: lambda self, node: broadcast(
        self.larger, *(self.value(part) for part in node.args)
    ),
    heads.Output: lambda self, node: self.implemented(node.args[0], str(node.args[1])),
    heads.ImplementationHead: lambda self, node: self.implemented(node),
}
