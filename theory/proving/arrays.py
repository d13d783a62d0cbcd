"""Values with a shape: an expression, or a SymPy matrix of them, combined as arrays are."""

from collections.abc import Callable
from itertools import product
from typing import Any

from sympy import Matrix, MatrixBase

from theory.proving.errors import ShapeError

Evaluated = Any


def entries(value: Evaluated) -> list[Any]:
    """The entries of a value, row by row."""
    return list(value) if isinstance(value, MatrixBase) else [value]


def entry(value: Evaluated, row: int, column: int) -> Any:
    """One entry; a number has the same everywhere, a single row in every row."""
    if not isinstance(value, MatrixBase):
        return value
    return value[row if value.rows > 1 else 0, column if value.cols > 1 else 0]


def like(value: Evaluated, make: Callable[[int, int], Any]) -> Evaluated:
    """A value of the same shape."""
    return Matrix(*value.shape, make) if isinstance(value, MatrixBase) else make(0, 0)


def broadcast(function: Callable[..., Any], *values: Evaluated) -> Evaluated:
    """A function applied entry by entry, numbers and single rows being repeated as arrays do."""
    arrays = [value for value in values if isinstance(value, MatrixBase)]
    if not arrays:
        return function(*values)
    rows, columns = (max(array.shape[axis] for array in arrays) for axis in (0, 1))
    for array, axis in product(arrays, (0, 1)):
        if array.shape[axis] not in (1, (rows, columns)[axis]):
            raise ShapeError(f"shapes {' and '.join(str(a.shape) for a in arrays)} do not fit")
    return Matrix(rows, columns, lambda r, c: function(*(entry(value, r, c) for value in values)))


def dot(a: Evaluated, b: Evaluated) -> Evaluated:
    """The matrix product; an empty one is the number 1."""
    if not (isinstance(a, MatrixBase) and isinstance(b, MatrixBase)):
        return broadcast(lambda one, other: one * other, a, b)
    if a.cols != b.rows:
        raise ShapeError(f"shapes {a.shape} and {b.shape} do not fit a matrix product")
    return a * b
