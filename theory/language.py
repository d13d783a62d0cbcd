"""Everything a chapter needs: `from theory.language import *` is the first line of each."""

from sympy import (
    Abs,
    And,
    Integer,
    Or,
    Product,
    Rational,
    Sum,
    erf,
    exp,
    log,
    oo,
    pi,
    sign,
    sqrt,
)

from theory.calculus import (
    OVERFLOW_THRESHOLD,
    UNDERFLOW_THRESHOLD,
    ColumnMean,
    ColumnTotal,
    ColumnVariance,
    Computed,
    Constant,
    CountBeyond,
    Diagonal,
    Dot,
    Eq,
    Exactly,
    Expectation,
    FanIn,
    FanOut,
    FreshState,
    Gradient,
    Identical,
    Identity,
    Iff,
    Jacobian,
    Joined,
    Larger,
    Largest,
    LargestSingularValue,
    Limits,
    Norm,
    OrderedProduct,
    Part,
    PassesNaN,
    Rows,
    SecondMoment,
    Slope,
    SmallestSingularValue,
    SpreadsNaN,
    SumOverSubsets,
    Time,
    Total,
    Trace,
    Transpose,
    Zeros,
    i,
    k,
    layers,
)
from theory.claim import claim, refuted
from theory.domains import *  # noqa: F403  # the domains are the vocabulary of signatures
from theory.heads import *  # noqa: F403  # the heads are the vocabulary of formulas
from theory.measures import *  # noqa: F403  # the numbers that a run of a network yields
from theory.recipes import *  # noqa: F403  # networks and trainings
from theory.sources import *  # noqa: F403  # so are the documents
from theory.symptoms import *  # noqa: F403  # what a training record shows
