"""Everything a chapter needs: `from theory.language import *` is the first line of each."""

from sympy import Abs, And, Eq, Product, Rational, Sum, erf, exp, log, pi, sqrt

from theory.calculus import (
    OVERFLOW_THRESHOLD,
    UNDERFLOW_THRESHOLD,
    Computed,
    Diagonal,
    Dot,
    Expectation,
    Gradient,
    Identical,
    Identity,
    Iff,
    Jacobian,
    Larger,
    Largest,
    Norm,
    OrderedProduct,
    SecondMoment,
    Slope,
    Total,
    Transpose,
    Zeros,
    i,
    k,
    layers,
)
from theory.claim import claim, refuted
from theory.domains import *  # noqa: F403  # the domains are the vocabulary of signatures
from theory.heads import *  # noqa: F403  # the heads are the vocabulary of formulas
from theory.sources import *  # noqa: F403  # so are the documents
from theory.measures import *  # noqa: F403  # the numbers that a run of a network yields
from theory.recipes import *  # noqa: F403  # networks and trainings
