"""A thousand orthogonal layers keep a gradient's norm but for rounding."""

from fractions import Fraction

import numpy as np
import pytest

from checks.enclosures import gamma
from checks.filling import Structure, fill
from checks.formats import FLOAT32, FLOAT64
from checks.loading import load
from checks.lowering import lower
from checks.machines import machine
from checks.tracing import run
from theory.book import CLAIMS

(CLAIM,) = (c for c in CLAIMS if c.name == "orthogonal_linear_layers_keep_the_gradient_norm")
DEPTH = 1000


def after_a_thousand_layers(implementation, fmt, width):
    """How much longer the gradient has become, relative to what arrived."""
    structure = Structure({}, DEPTH, width, 2, (1,), ((1,),), "moderate", 0, 7)
    example = fill(CLAIM, fmt, structure)
    program = lower(CLAIM, {"n": Fraction(DEPTH)})
    trace = run(program, machine(load(implementation, "cpu"), fmt), example.arrays)
    (gradient,) = trace.derivatives.values()
    arrived = np.linalg.norm(example.arrays["g", 0].astype(np.longdouble))
    return abs(np.linalg.norm(gradient.astype(np.longdouble)) / arrived - 1)


@pytest.mark.parametrize("implementation", ["numpy-textbook", "torch-eager"])
@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=str)
def test_a_gradient_keeps_its_norm_through_a_thousand_orthogonal_layers(implementation, fmt):
    # Four products a sum: a relative error of γ₄ times the norm of the magnitudes of Q, which is 2.
    bound = np.expm1(DEPTH * np.log1p(2 * gamma(4, fmt.unit_roundoff)))
    assert after_a_thousand_layers(implementation, fmt, 4) <= bound


@pytest.mark.parametrize("implementation", ["numpy-textbook", "torch-eager"])
def test_through_a_thousand_shuffles_and_changes_of_sign_it_stays_what_it_was(implementation):
    assert after_a_thousand_layers(implementation, FLOAT32, 3) == 0
