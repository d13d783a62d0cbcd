"""How arrays lie in memory when a function is called, which no result may depend on.

A slice, a transposed weight and the gradients that autograd hands on are views with strides of
their own, and batches of images come with their channels first or last. What takes any shape is
given single numbers, too, and nothing; and of several arrays some need no gradient. `laid_out`
wraps functions so that they get the same numbers so; what they return is handed on as before.
"""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from checks.example import Example
from checks.filling import fill
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.pinned import ordinary
from checks.tracing import matching
from checks.traits import forms
from theory.calculus import Gradient, Jacobian, Slope
from theory.claim import Claim
from theory.heads import HEADS, Elementwise, Initializer

Function = Callable[..., Any]
Array = Any  # of either library

# The heads that take images, (batch, channels, height, width), where formulas have rows.
_OF_IMAGES = frozenset({"batch_norm", "batch_norm_eval", "batch_norm_running"})
_IMAGES = ("images", "channels last")
_ELEMENTWISE = frozenset(name for name, head in HEADS.items() if issubclass(head, Elementwise))


def relaid(claim: Claim, fmt: Format, implementation: Implementation) -> Iterator[Example]:
    """The same small example of a claim in each of an implementation's layouts."""
    structure = replace(ordinary(claim, 2), rows=12, width=3, inner=(2,))
    structure = replace(structure, shapes=((3,), (2, 3), ()), region="moderate", seed=1)
    example = fill(claim, fmt, structure, enumerated=False)
    images = "batch" in forms(claim) and bool(_OF_IMAGES & claim.heads)
    takes = dict.fromkeys(_IMAGES, images)
    takes["single"] = bool(_ELEMENTWISE & claim.heads)
    learns = bool(claim.formula.atoms(Slope, Gradient, Jacobian) and claim.heads - _ELEMENTWISE)
    takes["frozen"] = implementation.library == "torch" and learns
    for layout in implementation.layouts:
        if example.arrays and takes.get(layout, True):
            yield replace(example, layout=layout)


def laid_out(implementation: Implementation, layout: str) -> Implementation:
    """An implementation whose functions get their arrays in a layout, "" for the ordinary one."""
    if not layout or implementation.library == "ideal":
        return implementation
    functions = {
        name: _called_with(layout, name, function)
        for name, function in implementation.functions.items()
    }
    return replace(implementation, functions=MappingProxyType(functions))


def _called_with(layout: str, called: str, function: Function) -> Function:
    name = called.removesuffix("_backward")
    head = HEADS.get(name)
    if head is None or issubclass(head, Initializer):
        return function
    if layout in _IMAGES:
        return _of_images(layout, called, function) if name in _OF_IMAGES else function
    if layout == "frozen":
        # Torch is there, as its functions are.
        from checks.implementations.frozen import half_frozen

        return function if called != name else half_frozen(function)
    if layout == "single":
        return _of_numbers(called, function) if name in _ELEMENTWISE else function
    return _of_views(layout, called, function, folded=name in _ELEMENTWISE)


# -- views ----------------------------------------------------------------------------------------


def _of_views(layout: str, name: str, function: Function, *, folded: bool) -> Function:
    """The function of arrays that are views; one that takes any shape gets matrices for rows."""

    def call(*arguments: Any) -> Any:
        laid: list[Any] = []
        for place, argument in enumerate(arguments):
            if callable(argument):  # the branch of a residual, which knows its argument
                laid.append(_branch(argument, arguments[0], laid[0]))
                continue
            shaped = _each(lambda array: _fold(layout, array) if folded else array, argument)
            # Where all were transposed, it would do to walk through each in its own order.
            keeps = layout == "transposed" and place % 2
            laid.append(shaped if keeps else _each(lambda array: _placed(layout, array), shaped))
        result = _called(name, function, laid)
        return _each(lambda array: _unfold(name, _followed(layout, array), laid, arguments), result)

    return call


def _called(name: str, function: Function, laid: list[Any]) -> Any:
    """What a function returns, which has to leave alone the views that it is given."""
    before = [_each(_packed_copy, argument) for argument in laid]
    result = function(*laid)
    for held, argument in zip(before, laid, strict=True):
        if not all(map(_are_same, _arrays(held), _arrays(argument))):
            raise Misbehaviour(name, "changed an array that it was given")
    return result


def _branch(branch: Function, x: Array, laid: Array) -> Function:
    return lambda argument: branch(x if argument is laid else argument)


def _fold(layout: str, array: Array) -> Array:
    """One row of numbers as a matrix of as many rows of up to 32, or in up to four dimensions."""
    if array.ndim != 1:
        return array
    width = math.gcd(array.shape[0], 32)
    inner = {"cut": (2,), "strided": (2, 2)}.get(layout, ()) if width >= 4 else ()
    return array.reshape(-1, *inner, width // math.prod(inner))


def _unfold(name: str, result: Array, laid: list[Any], arguments: tuple[Any, ...]) -> Array:
    """A result of a matrix that stands for a row of numbers, as a row."""
    given, shape = laid[0], getattr(arguments[0], "shape", None)
    if shape is None or given.shape == shape:
        return result
    if result.shape != given.shape:
        raise Misbehaviour(
            name, f"returned shape {tuple(result.shape)} for one of {tuple(given.shape)}"
        )
    return result.reshape(shape)


def _followed(layout: str, result: Array) -> Array:
    """A result whose gradient will come in the layout too."""
    if layout != "transposed" and getattr(result, "requires_grad", False):
        # Autograd calls it with None for one of several outputs that nothing depends on.
        result.register_hook(lambda grad: None if grad is None else _placed(layout, grad))
    return result


def _placed(layout: str, array: Array) -> Array:
    if layout == "transposed":
        order = tuple(reversed(range(array.ndim)))
        return _permuted(_packed(_permuted(array, order)), order)
    step = 2 if layout == "strided" else 1
    whole = tuple(array.shape) or (1,)
    buffer = _blank((*whole[:-1], 2 + step * whole[-1]), array)
    places = buffer[..., 1 : 1 + step * whole[-1] : step]
    places = places if array.ndim else places.reshape(())
    places[...] = array
    return places


# -- single numbers -------------------------------------------------------------------------------


def _of_numbers(name: str, function: Function) -> Function:
    """The function of two numbers without dimensions, of all others in a row, and of nothing."""

    def call(*arguments: Any) -> Any:
        shape = tuple(arguments[0].shape)
        results: list[Any] = []
        held: list[Any] = []
        for part in (*_PARTS[: min(math.prod(shape), 2)], *_PARTS[2:]):
            laid = [_each(part, argument) for argument in arguments]
            results.append(_alike(name, _called(name, function, laid), laid[0]))
            held.append(_each(_packed_copy, results[-1]))
        if not all(map(_are_same, _arrays(held), _arrays(results))):
            raise Misbehaviour(name, "changed what it had delivered before")
        return _in_one(results, shape)

    return call


_PARTS: tuple[Callable[[Array], Array], ...] = (
    lambda array: array.reshape(-1)[:1].reshape(()),
    lambda array: array.reshape(-1)[1:2].reshape(()),
    lambda array: array.reshape(-1)[2:],
    lambda array: array.reshape(-1)[:0],
)


def _alike(name: str, result: Any, like: Array) -> Any:
    """The result, or each of several gradients, if it is like the array that was given."""
    if isinstance(result, tuple):
        return tuple(_alike(name, part, like) for part in result)
    return matching(name, result, like)


def _in_one(results: list[Any], shape: tuple[int, ...]) -> Any:
    """The numbers of several arrays in the shape that they have together."""
    if isinstance(results[0], tuple):
        return tuple(_in_one(list(parts), shape) for parts in zip(*results, strict=True))
    return _chained([result.reshape(-1) for result in results]).reshape(shape)


# -- images ---------------------------------------------------------------------------------------


def _of_images(layout: str, name: str, function: Function) -> Function:
    """The function of images, whose every pixel is a row of the batch."""

    def call(*arguments: Any) -> Any:
        laid = [_each(lambda array: _images(layout, array), argument) for argument in arguments]
        images = next(array for array in _arrays(laid) if array.ndim == 4)
        result = _called(name, function, laid)
        return _each(lambda array: _rows(name, array, images.shape), result)

    return call


def _images(layout: str, rows: Array) -> Array:
    """Rows as images of up to 3 × 2 pixels."""
    if rows.ndim != 2:
        return rows
    count, channels = rows.shape
    width = math.gcd(count, 2)
    height = math.gcd(count // width, 3)
    images = _packed(rows).reshape(-1, height, width, channels)
    images = _permuted(images, (0, 3, 1, 2))
    return images if layout == "channels last" else _packed(images)


def _rows(name: str, result: Array, shape: tuple[int, ...]) -> Array:
    """Images as rows; what is no image is one number a feature."""
    if result.ndim == 1:
        return result
    if result.shape != shape:
        raise Misbehaviour(name, f"returned shape {tuple(result.shape)} for one of {tuple(shape)}")
    return _packed(_permuted(result, (0, 2, 3, 1))).reshape(-1, result.shape[1])


# -- either library -------------------------------------------------------------------------------


def _permuted(array: Array, order: tuple[int, ...]) -> Array:
    return array.transpose(order) if isinstance(array, np.ndarray) else array.permute(order)


def _chained(rows: list[Array]) -> Array:
    if isinstance(rows[0], np.ndarray):
        return np.concatenate(rows)
    return sys.modules["torch"].cat(rows)  # which is there, as its tensors are


def _packed(array: Array) -> Array:
    return array.copy() if isinstance(array, np.ndarray) else array.contiguous()


def _packed_copy(array: Array) -> Array:
    return array.copy() if isinstance(array, np.ndarray) else array.detach().clone()


def _are_same(one: Array, other: Array) -> bool:
    return bool(((one == other) | ((one != one) & (other != other))).all())  # NaN is not itself


def _arrays(value: Any) -> Iterator[Array]:
    """The arrays of a value, in lists and tuples of it too."""
    if isinstance(value, tuple | list):
        for part in value:
            yield from _arrays(part)
    elif hasattr(value, "dtype") and hasattr(value, "reshape"):
        yield value


def _blank(shape: tuple[int, ...], like: Array) -> Array:
    """An array full of NaN, which shows where it is read."""
    if isinstance(like, np.ndarray):
        return np.full(shape, np.nan, like.dtype)
    return like.new_full(shape, math.nan)


def _each(function: Callable[[Array], Array], value: Any) -> Any:
    """What a function makes of each array of a value, in tuples and lists of them too."""
    if isinstance(value, tuple):
        return tuple(_each(function, part) for part in value)
    if isinstance(value, list):
        return [_each(function, part) for part in value]
    return function(value) if hasattr(value, "dtype") and hasattr(value, "reshape") else value
