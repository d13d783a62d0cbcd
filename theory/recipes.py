"""Recipes: networks and trainings by keywords, inert until an experiment builds them.

    Network(depth=5, width=5, activation="relu", start="he uniform")

A recipe holds what it was given and nothing else, so that it prints as it was written; what it was
not given is in `defaults`. A whole number, a fraction or a word is a value. TypeError names what is
unknown and what to write instead.
"""

import difflib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, ClassVar

from sympy import Rational, Symbol, Tuple, sympify
from sympy.core.symbol import Str

from theory.head import Head

__all__ = [
    "ConvolutionalNetwork",
    "Network",
    "RecurrentNetwork",
    "ResidualNetwork",
    "Training",
    "TwoCircles",
]

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky relu", "elu")
# Standard deviations, and bounds of the uniform ones, are those of the papers; "one" is N(0, 1) and
# "unit uniform" U(0, 1), which some textbooks start with.
STARTS = (
    "one",
    "unit uniform",
    "lecun normal",
    "xavier normal",
    "xavier uniform",
    "he normal",
    "he uniform",
    "orthogonal",
)


class Recipe(Head):
    """A head of keywords. `defaults` gives every keyword a value, `choices` the words it takes."""

    defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})

    def __new__(cls, *pairs: Any, **given: Any) -> Any:
        """Take keywords, or the pairs that SymPy hands back."""
        for key, value in given.items():
            cls._refuse(key, value)
        stated = (Tuple(Str(key), _symbolic(given[key])) for key in cls.defaults if key in given)
        return super().__new__(cls, *pairs, *stated)

    @classmethod
    def _refuse(cls, key: str, value: Any) -> None:
        if key not in cls.defaults:
            raise TypeError(f"{cls.__name__} has no {key}{_near(key, cls.defaults)}")
        words = cls.choices.get(key, ())
        if words and str(value) not in words:
            raise TypeError(
                f"{cls.__name__}: {key}={value!r} is unknown{_near(str(value), words)}; write "
                f"{', '.join(words[:-1])} or {words[-1]}"
            )
        if not words and not isinstance(sympify(value), Rational):
            raise TypeError(f"{cls.__name__}: {key}={value!r} is no whole number or fraction")

    @property
    def given(self) -> dict[str, Any]:
        """What was written, as Python values."""
        return {str(key): _plain(value) for key, value in self.args}

    @property
    def values(self) -> dict[str, Any]:
        """Every keyword with its value: what was written, or else the default."""
        return {**self.defaults, **self.given}

    def but(self, **changes: Any) -> Any:
        """The same recipe with other values for some keywords."""
        return type(self)(**{**self.given, **changes})

    def _sympystr(self, printer: Any) -> str:
        stated = (f"{key}={_shown(value)}" for key, value in self.given.items())
        return f"{type(self).__name__}({', '.join(stated)})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        stated = r",\ ".join(
            rf"\text{{{key}}}={_latex(value)}".replace("_", r"\_")
            for key, value in self.given.items()
        )
        return rf"\operatorname{{{type(self).__name__}}}\left({stated}\right)"


class Network(Recipe):
    """A multilayer perceptron: `depth` hidden layers of `width` units, and a linear output layer.

    Weights start as `start` says, times `gain`; biases at 0. `norm="batch"` puts a batch norm
    between every hidden layer and its activation. A measure that does not train feeds it `rows`
    standard normal rows.
    """

    defaults = MappingProxyType(
        {
            "depth": 1,
            "width": 5,
            "inputs": 2,
            "outputs": 1,
            "activation": "tanh",
            "start": "xavier normal",
            "gain": Fraction(1),
            "norm": "none",
            "rows": 32,
        }
    )
    choices = MappingProxyType(
        {"activation": ACTIVATIONS, "start": STARTS, "norm": ("none", "batch")}
    )


class ConvolutionalNetwork(Recipe):
    """`layers` convolutions of 3×3 with a ReLU each, `channels` wide, and a linear output layer.

    Weights start by He's rule. From layer `constant_from` to layer `constant_to`, counted from 1,
    they all start at `constant` instead; 0 is no layer.
    """

    defaults = MappingProxyType(
        {
            "layers": 10,
            "channels": 64,
            "size": 8,
            "constant": Fraction(1, 10),
            "constant_from": 0,
            "constant_to": 0,
        }
    )


class ResidualNetwork(Recipe):
    """`depth` blocks h + branch(h), `width` wide, all of their weights of mean 0.

    The branches: "relu" is relu(hW)/√L; "relu linear" is relu(hW)V/√L; "relu over depth" is
    relu(hW)/L. "none" leaves out the skip: h becomes relu(hW). W starts by He's rule where a ReLU
    follows, times `gain`, V by LeCun's.
    """

    defaults = MappingProxyType(
        {"depth": 1000, "width": 64, "branch": "relu linear", "gain": Fraction(1)}
    )
    choices = MappingProxyType({"branch": ("none", "relu", "relu linear", "relu over depth")})


class RecurrentNetwork(Recipe):
    """A recurrent layer of `width` units over `steps` steps, read at the last one.

    Weights start uniform between ±1/√width, as frameworks have it, times `gain`, and biases at 0,
    but for the forget gate's, which is `forget_bias`.
    """

    defaults = MappingProxyType(
        {
            "cell": "tanh",
            "width": 64,
            "inputs": 8,
            "steps": 200,
            "gain": Fraction(1),
            "forget_bias": Fraction(1),
        }
    )
    choices = MappingProxyType({"cell": ("tanh", "relu", "lstm")})


class TwoCircles(Recipe):
    """Two circles of radius 1 and `factor`, half of the `samples` on each, with normal `noise`."""

    defaults = MappingProxyType(
        {"samples": 1000, "noise": Fraction(1, 10), "factor": Fraction(4, 5)}
    )


class Training(Recipe):
    """Stochastic gradient descent on `data`, the first half of which it trains on.

    The defaults are those of the worked example in RELU: two circles of 1,000 points, scaled to
    between −1 and 1, cross entropy, rate 0.01, momentum 0.9, batches of 32, 500 epochs. `clip` is
    the norm that gradients are clipped to, 0 for none; `steps` ends the run early, 0 for never;
    with `pretraining` every hidden layer first learns, for so many epochs, to reconstruct its
    input, which has to lie between 0 and 1. The digits are scikit-learn's, 64 pixels each.
    """

    defaults = MappingProxyType(
        {
            "data": "two circles",
            "epochs": 500,
            "steps": 0,
            "rate": Fraction(1, 100),
            "momentum": Fraction(9, 10),
            "batch": 32,
            "clip": Fraction(0),
            "pretraining": 0,
        }
    )
    choices = MappingProxyType({"data": ("two circles", "digits")})


def _symbolic(value: Any) -> Any:
    return Str(value) if isinstance(value, str) else sympify(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Str | Symbol):
        return str(value)
    return int(value) if value.is_Integer else Fraction(int(value.p), int(value.q))


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def _latex(value: Any) -> str:
    return rf"\text{{{value}}}" if isinstance(value, str) else str(value)


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
