"""What the variables of a claim are when it is written out: symbols at small explicit sizes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sympy import Matrix, Symbol, eye

from theory import heads
from theory.calculus import FormatConstant
from theory.domains import Batch, Domain, Vector, WeightMatrix, WideShape
from theory.proving.errors import OutOfReachError
from theory.proving.field import Field, Smooth
from theory.proving.ranges import Range
from theory.proving.signs import initial_range


@dataclass(frozen=True)
class Sizes:
    """Small sizes that still tell rows from columns: widths next to each other differ."""

    row: int = 2
    inner: int = 3  # the width that a WeightMatrix takes in
    rows: int = 3
    entries: int = 2
    odd_layers: int = 3
    even_layers: int = 2
    depth: int | None = None  # the last layer has the width of the claim's rows

    def width(self, layer: int) -> int:
        """How wide the output of a layer is, layer 0 being the input."""
        if layer in (0, self.depth):
            return self.row
        return self.odd_layers if layer % 2 else self.even_layers


# A number for an entry of a variable, given its name and place.
Choice = Callable[[Any, tuple[Any, ...]], Any]


class Symbols:
    """Variables as symbols and matrices of symbols; the field learns what each ranges over.

    With a `choice` every entry is a number instead, and a smooth map is a linear one.
    """

    def __init__(
        self, field: Field, formula: Any, sizes: Sizes, choice: Choice | None = None
    ) -> None:
        self.field = field
        self.sizes = sizes
        self.choice = choice
        self._chosen: dict[Symbol, Any] = {}
        self._wide = _fed_to_a_weight(formula)

    def entry(self, domain: Any, *place: Any) -> Any:
        """One real entry of a variable: a symbol, or the number that was chosen."""
        name = str(domain.name if domain.is_Symbol else domain.label)
        if place:  # brackets, which no variable's own name holds
            name += f"[{', '.join(map(str, place))}]"
        # No assumption but reality: bounds live in the ranges, where cases can narrow them.
        symbol = Symbol(name, real=True)
        if self.choice is not None:
            if symbol not in self._chosen:
                self._chosen[symbol] = self.choice(domain, place)
            return self._chosen[symbol]
        self.field.domains[symbol] = initial_range(domain)
        return symbol

    def _array(self, domain: Any, rows: int, columns: int, *place: Any) -> Any:
        return Matrix(rows, columns, lambda r, c: self.entry(domain, *place, r + 1, c + 1))

    def variable(self, domain: Any) -> Any:
        """The value of a variable: an expression, or a matrix of them."""
        if isinstance(domain, FormatConstant):
            return self.entry(domain)
        if not isinstance(domain, Domain):
            raise OutOfReachError(f"{domain} is no variable of the claim")
        sizes, gates = self.sizes, getattr(domain, "gates", 1)
        columns = sizes.inner if domain in self._wide else sizes.row
        shapes: dict[str, tuple[int, int]] = {
            "row": (1, columns),
            "features": (1, sizes.row),
            "batch": (sizes.rows, columns),
            "matrix": (sizes.row, sizes.inner),
            "square": (sizes.row, sizes.row),
            "inputs": (sizes.rows, sizes.inner),
            "inputs gates": (gates * sizes.row, sizes.inner),
            "gates matrix": (gates * sizes.row, sizes.row),
            "gates": (1, gates * sizes.row),
            "tensors": (1, sizes.entries),
            "shape": (sizes.rows, sizes.row),
        }
        if domain.form in ("entries", "number", "depth"):
            return self.entry(domain)
        if domain.form == "shape":
            return shapes["shape"][:: -1 if isinstance(domain, WideShape) else 1]
        if domain.form not in shapes:
            raise OutOfReachError(f"a variable of the form {domain.form} stands alone")
        return self._array(domain, *shapes[domain.form])

    def layer(self, base: Any, index: Any, number: int) -> Any:
        """The value of a layer's variable; `number` is the layer as far as widths go."""
        out, into = self.sizes.width(number), self.sizes.width(number - 1)
        if base.form == "layers of entries":
            return self.entry(base, index)
        if base.form == "layers of matrix":
            return self._array(base, out, into, index)
        if base.form == "layers of orthogonal":
            return self._rotation(base, index)
        if base.form in {"layers of square", "layers of row features"}:
            rows = self.sizes.row if base.form == "layers of square" else 1
            return self._array(base, rows, self.sizes.row, index)
        if base.form == "layers of row":
            return self._array(base, 1, self.sizes.row, index)
        return self._array(base, 1, out, index)

    def _rotation(self, base: Any, index: Any) -> Any:
        """A plane rotation by any angle but a half turn, t being the tangent of its half."""
        if self.sizes.row == 1:
            return eye(1)
        t = self.entry(base, index)
        if self.choice is None:
            self.field.domains[t] = Range()
        cosine, sine = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
        return Matrix([[cosine, -sine], [sine, cosine]])

    def apply(self, smooth_map: Any, layer: Any, row: Any) -> Any:
        """An arbitrary smooth map: each component is an unknown function of all entries."""
        if self.choice is not None:
            place = () if layer is None else (layer,)
            return row * self._array(smooth_map, len(row), len(row), *place).T
        name = smooth_map.name if layer is None else f"{smooth_map.name}[{layer}]"
        zeroth = (0,) * len(row)
        return Matrix(1, len(row), lambda _, c: self.field.apply(Smooth(name, c + 1, zeroth), *row))


def _fed_to_a_weight(formula: Any) -> set[Any]:
    """The rows and batches that a WeightMatrix takes in, whose width is the inner one."""
    return {
        layer.args[0]
        for layer in formula.atoms(heads.linear)
        if isinstance(layer.args[0], Vector | Batch) and layer.args[1].atoms(WeightMatrix)
    }


_COVERED = {
    "row": "rows of {0.row}",
    "features": "{0.row} features",
    "batch": "batches of {0.rows} rows",
    "matrix": "a weight of {0.row} x {0.inner}",
    "square": "weights of {0.row} x {0.row}",
    "gates matrix": "gates of {0.row} units",
    "tensors": "lists of {0.entries} entries",
    "layers of matrix": "layers of {0.odd_layers} and {0.even_layers} units in turn",
    "shape": "a weight of {0.rows} x {0.row}",
}


def covered(variables: Iterable[Any]) -> str:
    """The sizes that a proof covers, in words; empty where all variables are numbers."""
    forms = dict.fromkeys(variable.form for variable in variables)
    return ", ".join(_COVERED[form].format(Sizes()) for form in forms if form in _COVERED)
