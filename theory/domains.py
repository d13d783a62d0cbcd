"""What a claim's variable ranges over: the annotation is the assumption and the strategy.

Theory of operation. A domain is a kind of SymPy symbol, so that `x: Real` in a claim's signature
makes one symbol with the right assumptions and `checks.filling` can draw values for it by its
class. The form of a domain is fixed here and nowhere else:

    entries      one number a sample, many samples side by side       Real, PositiveReal
    number       one number an example, handed over as a Python float Coefficient, UnitInterval, ...
    depth        a whole number an example                            Depth
    layers of …  one such value for every layer, written w[i]         Weights, WeightMatrices, ...
    row          one sample with d features, shape (1, d)             Vector
    features     one number a feature, shape (d,)                     Features
    batch        m samples with d features, shape (m, d)              Batch
    inputs       m samples with d_in features, shape (m, d_in)        InputBatch
    matrix       shape (out, in), as torch stores the weight          WeightMatrix
    square       shape (d, d)                                         SquareMatrix
    gates matrix shape (4d, d), the gates of an LSTM; a GRU's are 3   GateMatrix, ResetGateMatrix
    inputs gates shape (4d, d_in) and (3d, d_in)                     InputGates, ResetInputGates
    gates        shape (4d,) and (3d,)                                GateBiases, ResetGateBiases
    tensors      a list of arrays of several shapes                   Parameters, Gradients
    map          a smooth function from rows to rows                  SmoothMap
    shape        that of a weight, (out, in) where the claim has rows Shape, TallShape, WideShape
    seed         a whole number that decides what is drawn            Seed
    draws        as many independent numbers as a mean needs          StandardNormal

Bounds are those of the reals; which floats lie inside them is the sampler's business. A domain of
your own is a subclass with other bounds, written beside the claim that needs it.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sympy import Expr, IndexedBase, Integer, Rational, Symbol


class Domain:
    """The common part of all domains: `form` as in the table above, and real bounds."""

    form: ClassVar[str]
    low: ClassVar[Expr | None] = None
    high: ClassVar[Expr | None] = None
    open: ClassVar[bool] = False  # whether the bounds themselves are excluded
    simplest: ClassVar[Expr] = Integer(0)
    assumptions: ClassVar[dict[str, bool]] = {"real": True}


def is_within(domain: Any, values: Any, number: Callable[[Expr], Any]) -> Any:
    """Whether a value, or each of an array, lies in a domain, whose bounds `number` converts."""
    inside: Any = True
    if domain.low is not None:
        low = number(domain.low)
        inside = inside & (values > low if domain.open else values >= low)
    if domain.high is not None:
        high = number(domain.high)
        inside = inside & (values < high if domain.open else values <= high)
    return inside


class _SymbolDomain(Domain, Symbol):  # type: ignore[misc]  # SymPy is untyped
    def __new__(cls, name: str) -> Any:
        return Symbol.__new__(cls, name, **cls.assumptions)


class _IndexedDomain(Domain, IndexedBase):  # type: ignore[misc]  # SymPy is untyped
    def __new__(cls, name: str) -> Any:
        return IndexedBase.__new__(cls, name, **cls.assumptions)


class Real(_SymbolDomain):
    """A real number; the checks fill thousands of samples at once."""

    form = "entries"


class PositiveReal(Real):
    """A positive real number; the checks fill thousands of samples at once."""

    low, open, simplest = Integer(0), True, Integer(1)
    assumptions = {"positive": True}


class NegativeReal(Real):
    """A negative real number; the checks fill thousands of samples at once."""

    high, open, simplest = Integer(0), True, Integer(-1)
    assumptions = {"negative": True}


class Coefficient(_SymbolDomain):
    """A real parameter such as a slope, one an example."""

    form = "number"


class UnitInterval(Coefficient):
    """A parameter with 0 <= k <= 1."""

    low, high = Integer(0), Integer(1)
    assumptions = {"nonnegative": True}


class Positive(Coefficient):
    """A parameter with k > 0."""

    low, open, simplest = Integer(0), True, Integer(1)
    assumptions = {"positive": True}


class LearningRate(Positive):
    """The rate of a descent, between 1/128 and 1."""

    low, high, simplest = Rational(1, 128), Integer(1), Rational(1, 8)


class ForgettingRate(Positive):
    """How much of a moment a step of Adam keeps, beta: between 0 and 1."""

    high, simplest = Integer(1), Rational(1, 2)


class SmallRate(Positive):
    """A rate in units of 1/curvature, 1/8 < s < 1/2: small, and its square above all roundings."""

    low, high, simplest = Rational(1, 8), Rational(1, 2), Rational(1, 4)


class SmallFactor(Coefficient):
    """A factor with -1/2 < q < 1/2."""

    low, high, open, simplest = Rational(-1, 2), Rational(1, 2), True, Rational(1, 4)


class Contraction(Positive):
    """A factor with 1/2 < q < 1."""

    low, high, simplest = Rational(1, 2), Integer(1), Rational(3, 4)


class ClippingLimit(Positive):
    """The norm, or the value, that gradients are clipped at."""


class Epsilon(Positive):
    """The constant that a normalisation adds to the variance: small and positive."""

    high = Rational(1, 8)
    simplest = Rational(1, 1024)


class GrowthRate(Coefficient):
    """A parameter with 1 < q < 2."""

    low, high, open, simplest = Integer(1), Integer(2), True, Rational(3, 2)
    assumptions = {"positive": True}


class GrowthFactor(Real):
    """A factor with 1 < q < 4."""

    low, high, open, simplest = Integer(1), Integer(4), True, Rational(3, 2)
    assumptions = {"positive": True}


class ShrinkingFactor(Real):
    """A factor with 0 < q < 1."""

    low, high, open, simplest = Integer(0), Integer(1), True, Rational(1, 2)
    assumptions = {"positive": True}


class DecayFactor(Real):
    """A factor with 1/2 < q < 1."""

    low, high, open, simplest = Rational(1, 2), Integer(1), True, Rational(4, 5)
    assumptions = {"positive": True}


class Depth(_SymbolDomain):
    """A number of layers, at least 1."""

    form = "depth"
    low, simplest = Integer(1), Integer(1)
    assumptions = {"integer": True, "positive": True}


class Steps(Depth):
    """A number of steps, at least 1; a few of them show what a claim is about."""


class Weights(_IndexedDomain):
    """One real weight a layer, w[i], the width being one neuron."""

    form = "layers of entries"


class PositiveWeights(Weights):
    """One positive weight a layer."""

    low, open, simplest = Integer(0), True, Integer(1)
    assumptions = {"positive": True}


class Fractions(Weights):
    """One weight a layer, strictly between -1 and 1."""

    low, high, open, simplest = Integer(-1), Integer(1), True, Rational(1, 2)


class Surpluses(Weights):
    """One number a layer, strictly between 1/8 and 1/2."""

    low, high, open, simplest = Rational(1, 8), Rational(1, 2), True, Rational(1, 4)
    assumptions = {"positive": True}


class Biases(Weights):
    """One real bias a layer, b[i], the width being one neuron."""


class Vector(_SymbolDomain):
    """One sample with d features, a row of shape (1, d); all rows of one claim have the same d."""

    form = "row"


class Features(_SymbolDomain):
    """One real number a feature, shape (d,), such as a batch norm's gamma."""

    form = "features"


class NegativeFeatures(Features):
    """One negative number a feature, shape (d,)."""

    high, open, simplest = Integer(0), True, Integer(-1)


class Variances(Features):
    """One positive number a feature, such as a running variance."""

    low, open, simplest = Integer(0), True, Integer(1)


class Batch(_SymbolDomain):
    """m samples with d features, shape (m, d), m at least 2."""

    form = "batch"


class InputBatch(_SymbolDomain):
    """m samples with d_in features, shape (m, d_in), as a recurrent cell takes them in."""

    form = "inputs"


class NonnegativeBatch(Batch):
    """m samples with d features, none of them negative, as a ReLU puts them out."""

    low = Integer(0)


class WeightMatrix(_SymbolDomain):
    """A weight of shape (d, d_in), as torch stores it: the layer maps d_in features to d."""

    form = "matrix"


class NegativeWeightMatrix(WeightMatrix):
    """A weight with negative entries."""

    high, open, simplest = Integer(0), True, Integer(-1)


class WeightMatrices(_IndexedDomain):
    """One weight matrix a layer, W[i]; the widths differ from layer to layer."""

    form = "layers of matrix"


class SquareMatrix(_SymbolDomain):
    """A weight of shape (d, d), from rows to rows of the claim's width."""

    form = "square"


class GateMatrix(_SymbolDomain):
    """The weights of an LSTM's four gates, one below the other: shape (4d, d)."""

    form = "gates matrix"
    gates: ClassVar[int] = 4


class ResetGateMatrix(GateMatrix):
    """The weights of a GRU's two gates and its candidate: shape (3d, d)."""

    gates = 3


class InputGates(GateMatrix):
    """The weights from the inputs to an LSTM's four gates: shape (4d, d_in)."""

    form = "inputs gates"


class ResetInputGates(InputGates):
    """The weights from the inputs to a GRU's two gates and its candidate: shape (3d, d_in)."""

    gates = 3


class GateBiases(_SymbolDomain):
    """The biases of an LSTM's four gates, one after the other: shape (4d,)."""

    form = "gates"
    gates: ClassVar[int] = 4


class ResetGateBiases(GateBiases):
    """The biases of a GRU's two gates and its candidate: shape (3d,)."""

    gates = 3


class Vectors(_IndexedDomain):
    """One row a layer, or a step in time, x[i], of the width of the claim's rows."""

    form = "layers of row"


class SquareMatrices(WeightMatrices):
    """One square weight matrix a layer, W[i], all of the width of the claim's rows."""

    form = "layers of square"


class OrthogonalMatrices(WeightMatrices):
    """One orthogonal matrix a layer, Q[i], of the width of the claim's rows."""

    form = "layers of orthogonal"
    low, high = Integer(-1), Integer(1)


class BiasesAlike(_IndexedDomain):
    """One bias vector a layer, b[i], all of the width of the claim's rows."""

    form = "layers of row features"


class BiasVectors(_IndexedDomain):
    """One bias vector a layer, b[i], of the width that the layer puts out."""

    form = "layers of features"


class Parameters(_SymbolDomain):
    """A list of parameter arrays of several shapes, the same as those of the claim's Gradients."""

    form = "tensors"


class Gradients(_SymbolDomain):
    """A list of gradient arrays of several shapes, as an optimiser sees them."""

    form = "tensors"


class SmoothMap(_SymbolDomain):
    """A smooth map f from rows to rows of the same width: f(x), or f(i, x) with weights a layer."""

    form = "map"

    def __call__(self, *arguments: Any) -> Any:
        """The map applied: f(x), or f(i, x) with weights of layer i."""
        from theory.calculus import Apply  # the heads know the domains, not the other way round

        return Apply(self, *arguments)


class Shape(_SymbolDomain):
    """The shape of a weight: (out, in) where the claim has a row, else (out, in, *kernel)."""

    form = "shape"


class TallShape(Shape):
    """The shape of a weight with out >= in."""


class WideShape(Shape):
    """The shape of a weight with out <= in."""


class Seed(_SymbolDomain):
    """The seed of a random initialiser: a whole number."""

    form = "seed"
    assumptions = {"integer": True, "nonnegative": True}


class StandardNormal(_SymbolDomain):
    """A normal number of mean 0 and variance 1, over which an Expectation is taken."""

    form = "draws"
