"""The heads that formulas are built with: derivatives, depth, matrices, and what is computed.

A formula has two levels. What stands inside a derivative, inside an implementation's head or inside
`Computed` is *network*: an implementation runs it, in a format, operation by operation. Everything
else is *statement*: it is evaluated exactly on what the network delivered, so that no rounding of
the checker's own gets between a claim and its verdict.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any

from sympy import Dummy, Equality, Expr, Symbol, Tuple, sympify
from sympy.logic.boolalg import BooleanFunction

from theory.head import Head
from theory.kind import Kind


class Slope(Head):
    """The derivative of y by x, entry by entry, where y[j] depends on x[j] alone."""

    parameters = ("y", "x")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _derivative(printer, r"\mathrm{d}", self.args, exp)


class Gradient(Head):
    """The derivative of the scalar y by x, in the shape of x; x may be any node of the network."""

    parameters = ("y", "x")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _derivative(printer, r"\partial", self.args, exp)


class Jacobian(Head):
    """The matrix of the derivatives of the row y by the row x: entry (j, k) is ∂y[j]/∂x[k]."""

    parameters = ("y", "x")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return _derivative(printer, r"\partial", self.args, exp)


def _derivative(printer: Any, d: str, arguments: Any, exp: str | None) -> str:
    y, x = arguments
    fraction = rf"\frac{{{d} {printer.parenthesize(y, 1000)}}}{{{d} {printer._print(x)}}}"
    return rf"\left({fraction}\right)^{{{exp}}}" if exp else fraction


class Iterated(Head):
    """A recursion of symbolic length: h = start, then h = body(layer, h) for layer = 1 … count."""

    parameters = ("body", "h", "layer", "start", "count")

    @classmethod
    def eval(cls, body: Any, h: Any, layer: Any, start: Any, count: Any) -> Any:
        """No layers leave the start as it is; everything else stays as written."""
        return start if count == 0 else None

    @property
    def bound_symbols(self) -> set[Any]:
        """The names that the body binds."""
        return {self.args[1], self.args[2]}

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols that have to come from outside: those of the body without what it binds."""
        body, _, _, start, count = self.args
        return (body.free_symbols - self.bound_symbols) | start.free_symbols | count.free_symbols

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body, h, layer, start, count = self.args
        if layer.name in {symbol.name for symbol in count.free_symbols}:  # of an outer index
            other = Symbol("j")
            body, layer = body.xreplace({layer: other}), other
        body, h, layer, start, count = map(printer._print, (body, h, layer, start, count))
        power = f"^{{{exp}}}" if exp else ""
        return (
            rf"\left[{h} \mapsto {body}\right]_{{{layer}=1}}^{{{count}}}"
            rf"\!\left({start}\right){power}"
        )


def layers(step: Callable[[Any, Any], Any], start: Any) -> Callable[[Any], Any]:
    """A network of symbolic depth: `layers(step, x)(n)` is step(n, … step(2, step(1, x))).

    It is printed with the names of the step's own parameters.
    """
    counted, carried, *_ = signature(step).parameters
    h, layer = Dummy(carried), Dummy(counted, integer=True, positive=True)
    body = step(layer, h)

    def output(count: Any) -> Any:
        return Iterated(body, h, layer, start, count)

    return output


class OrderedProduct(Head):
    """A product of matrices from first down to last, in that order; the identity when it is empty.

    Written `OrderedProduct(term, (k, first, last))`. SymPy's Product lets factors change places.
    """

    def __new__(cls, term: Any, index: Any) -> Any:
        """Take the index as a plain tuple."""
        return super().__new__(cls, term, Tuple(*index))

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols of the term and the limits without the index."""
        term, (k, first, last) = self.args
        return (term.free_symbols - {k}) | first.free_symbols | last.free_symbols

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        term, (k, first, last) = self.args
        k, first, last = (printer._print(part) for part in (k, first, last))
        return rf"\prod_{{{k}={first}}}^{{\downarrow\,{last}}} {printer._print(term)}"


class Largest(Head):
    """The largest of a term over an index, written `Largest(term, (i, first, last))`."""

    symbol = r"\max"

    def __new__(cls, term: Any, index: Any) -> Any:
        """Take the index as a plain tuple."""
        return super().__new__(cls, term, Tuple(*index))

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols of the term and the limits without the index."""
        term, (i, first, last) = self.args
        return (term.free_symbols - {i}) | first.free_symbols | last.free_symbols

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        term, (i, first, last) = self.args
        i, first, last = (printer._print(part) for part in (i, first, last))
        power = f"^{{{exp}}}" if exp else ""
        return rf"\left(\max_{{{first} \le {i} \le {last}}} {printer._print(term)}\right){power}"


class SumOverSubsets(Head):
    """The sum over all subsets of an index range of the product of their terms, which may be empty.

    Written `SumOverSubsets(term, (i, first, last))`.
    """

    def __new__(cls, term: Any, index: Any) -> Any:
        """Take the index as a plain tuple."""
        return super().__new__(cls, term, Tuple(*index))

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols of the term and the limits without the index."""
        term, (i, first, last) = self.args
        return (term.free_symbols - {i}) | first.free_symbols | last.free_symbols

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        term, (i, first, last) = self.args
        i, first, last = (printer._print(part) for part in (i, first, last))
        subsets = rf"S \subseteq \{{{first},\ldots,{last}\}}"
        return rf"\sum_{{{subsets}}} \prod_{{{i} \in S}} {printer.parenthesize(term, 50)}"


class Apply(Head):
    """A smooth map applied to a row: Apply(f, x), or Apply(f, layer, x) with weights of its own."""


class Computed(Head):
    """Arithmetic that the implementation's array library carries out, every operation rounded."""

    parameters = ("x",)
    mark = Kind.F


class Joined(Head):
    """A list of arrays as a list of one: the same entries, kept in one row."""

    parameters = ("x",)


class Constant(Head):
    """A number that the network starts from, as the format under test stores it."""

    parameters = ("value",)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        value = printer.parenthesize(self.args[0], 1000)
        return rf"{value}^{{{exp}}}" if exp else str(value)


class Exactly(Head):
    """The value over the reals of an implementation's head at what is stated: nobody runs it."""

    parameters = ("value",)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        value = printer._print(self.args[0])
        return rf"\left({value}\right)^{{{exp}}}" if exp else value


class Dot(Head):
    """The matrix product; a row times a matrix, or two matrices."""

    parameters = ("a", "b")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return r" \, ".join(printer.parenthesize(argument, 50) for argument in self.args)


class Transpose(Head):
    """The transpose of a matrix; a row becomes a column."""

    parameters = ("a",)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return rf"{printer.parenthesize(self.args[0], 1000)}^{{\top}}"


class Diagonal(Head):
    """The diagonal matrix of a row."""

    parameters = ("x",)
    symbol = r"\operatorname{diag}"


class Identity(Head):
    """The identity matrix of the width of the row x."""

    parameters = ("x",)
    symbol = "I"


class Norm(Head):
    """The Euclidean norm over all entries, of one array or of a list of arrays."""

    parameters = ("x",)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\left\lVert {printer._print(self.args[0])} \right\rVert{power}"


class LargestSingularValue(Head):
    """The largest singular value of a matrix: the most that it stretches a row."""

    parameters = ("a",)
    symbol = r"\sigma_{\max}"


class SmallestSingularValue(Head):
    """The smallest singular value of a matrix, of as many as its shorter side is long."""

    parameters = ("a",)
    symbol = r"\sigma_{\min}"


class Part(Head):
    """One of equal parts of a row, from left to right: Part(z, 2, 4) is the second quarter."""

    parameters = ("x", "number", "of")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x, number, of = map(printer._print, self.args)
        power = f"^{{{exp}}}" if exp else ""
        return rf"\left({x}\right)_{{{number}/{of}}}{power}"


class Zeros(Head):
    """A bias of zeros for a layer of the given shape, or as wide as the given features."""

    parameters = ("shape",)
    symbol = r"\mathbf{0}"


class FreshState(Head):
    """What an optimiser remembers of the parameters before its first step: zeros."""

    parameters = ("params",)
    symbol = r"s_0"


class FanIn(Head):
    """How many inputs an output of the layer sums over: in times the size of the kernel.

    Of a weight of shape (out, in, *kernel). A grouped convolution has shape (out, in / groups, …),
    and so its own, smaller fan-in; a transposed one has shape (in, out / groups, …), and its fan-in
    is what this calls fan-out.
    """

    parameters = ("shape",)
    symbol = r"\operatorname{fan}_{\mathrm{in}}"


class FanOut(Head):
    """How many outputs an input of the layer reaches: out times the size of the kernel.

    That of all groups together: an input of a grouped convolution reaches only those of its own.
    torch.nn.init counts as this head does.
    """

    parameters = ("shape",)
    symbol = r"\operatorname{fan}_{\mathrm{out}}"


class Total(Head):
    """The sum of all entries."""

    parameters = ("x",)
    symbol = r"\textstyle\sum"


class ColumnTotal(Head):
    """The sum of each column, over the rows of a batch."""

    parameters = ("x",)
    symbol = r"\textstyle\sum_{\mathrm{rows}}"


class ColumnMean(Head):
    """The mean of each column, over the rows of a batch."""

    parameters = ("x",)
    symbol = r"\operatorname{mean}"


class ColumnVariance(Head):
    """The variance of each column over the rows of a batch, divided by their number."""

    parameters = ("x",)
    symbol = r"\operatorname{Var}"


class Rows(Head):
    """How many rows a batch has."""

    parameters = ("x",)
    symbol = r"\operatorname{rows}"


class CountBeyond(Head):
    """How many entries of each column are larger in magnitude than a bound, one for all or each."""

    parameters = ("x", "bound")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x, bound = map(printer._print, self.args)
        power = f"^{{{exp}}}" if exp else ""
        return rf"\#\left\{{\left|{x}\right| > {bound}\right\}}{power}"


class Trace(Head):
    """The sum of the diagonal of a matrix, square or not."""

    parameters = ("a",)
    symbol = r"\operatorname{tr}"


class SecondMoment(Head):
    """The mean of the squares of all entries."""

    parameters = ("x",)
    symbol = r"m_2"


class Larger(Head):
    """The larger of two numbers, entry by entry."""

    parameters = ("a", "b")
    symbol = r"\max"


class Expectation(Head):
    """The mean over everything that a seed decides, or that a standard normal z may be.

    Written `Expectation(value, seed)` or `Expectation(value, z)`.
    """

    parameters = ("x", "over")
    symbol = r"\mathbb{E}"
    mark = Kind.S


class Time(Head):
    """The time that an implementation takes for y: a forward pass, or both where y is a derivative.

    A time is only ever compared with another: Time(relu(x)) < Time(sigmoid(x)).
    """

    parameters = ("y",)
    symbol = r"\operatorname{time}"
    mark = Kind.C


def Eq(left: Any, right: Any) -> Any:  # noqa: N802  # it stands for SymPy's
    """The equation left = right, decided where the difference of the two sides is a number.

    SymPy's own goes on to ask its assumptions whether the difference can be zero. That is a proof's
    business, and takes longer than all the rest of opening the book.
    """
    left, right = sympify(left), sympify(right)
    is_open = isinstance(left, Expr) and isinstance(right, Expr) and not (left - right).is_number
    return Equality(left, right, evaluate=not is_open)


class Iff(BooleanFunction):  # type: ignore[misc]  # SymPy is untyped
    """Either both statements are true or both are false; SymPy's Equivalent would rewrite them."""

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return r" \iff ".join(printer._print(argument) for argument in self.args)


class Identical(BooleanFunction):  # type: ignore[misc]  # SymPy is untyped
    """Both sides are the same bits, signs of zeros and all."""

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return r" \equiv ".join(printer._print(argument) for argument in self.args)


class PassesNaN(BooleanFunction):  # type: ignore[misc]  # SymPy is untyped
    """PassesNaN(y, x): where x is NaN, so is y, at its own place, or somewhere in another shape.

    NaN is no real number, so that this is no theorem: it is run with NaN in every other entry of x,
    first in those of even number and then in the others. y may be a derivative.
    """

    mark = Kind.F

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        y, x = map(printer._print, self.args)
        return rf"{x} = \mathrm{{NaN}} \implies {y} = \mathrm{{NaN}}"


class SpreadsNaN(PassesNaN):
    """SpreadsNaN(y, x): one entry of x that is NaN makes all of y NaN."""

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        y, x = map(printer._print, self.args)
        return rf"\mathrm{{NaN}} \in {x} \implies {y} = \mathrm{{NaN}}"


class Limits(BooleanFunction):  # type: ignore[misc]  # SymPy is untyped
    """Limits(y, x, left, right): y goes to left as x goes to -oo, and to right as x goes to oo.

    For x the formats have infinities, at which y has to be its limit (IEEE 754-2019 §6.1).
    """

    def __new__(cls, y: Any, x: Any, left: Any, right: Any) -> Any:
        """Limits with a value at either end."""
        return super().__new__(cls, y, x, left, right)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        y, x, left, right = map(printer._print, self.args)
        return rf"{y} \to {left} \ ({x} \to -\infty), \quad {y} \to {right} \ ({x} \to \infty)"


class FormatConstant(Symbol):  # type: ignore[misc]  # SymPy is untyped
    """A positive number that a float format fixes; over the reals it may be any positive number."""

    mark = Kind.F

    def __new__(cls, name: str) -> Any:
        """Make the positive symbol of this name."""
        return Symbol.__new__(cls, name, positive=True)


# IEEE 754-2019 §4.3.1: round to nearest delivers an infinity from this magnitude on: the largest
# finite number plus half a unit in its last place.
OVERFLOW_THRESHOLD = FormatConstant("T_over")
# Half the smallest subnormal: what is no larger rounds to zero (a tie goes to even, which is zero).
UNDERFLOW_THRESHOLD = FormatConstant("T_under")

i, k = (Symbol(name, integer=True, positive=True) for name in "ik")
