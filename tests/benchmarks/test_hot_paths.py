"""The hot paths side by side: NumPy, torch and the enclosure, one group a path and format.

`tox -e bench` prints a table for each group. Compare within a table: the machine's noise is common
to its rows, and an absolute time says nothing.
"""

from fractions import Fraction

import numpy as np
import pytest

from checks import readings
from checks.contract import Contract
from checks.filling import Structure, fill
from checks.formats import FORMATS
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.lowering import lower
from checks.machines import machine
from checks.tracing import run
from theory.book import CLAIMS

PATHS = {
    "chain product": "chain_bias_gradient_is_a_product",
    "residual backward": "residual_gradient_has_an_additive_one",
    "batch norm backward": "batch_norm_weight_gradient_scales_inversely",
    "sigmoid slope": "sigmoid_slope_at_most_a_quarter",
}
STRUCTURE = Structure(
    numbers={"a": Fraction(2), "eps": Fraction(1, 1024)},
    depth=8,
    width=6,
    rows=64,
    inner=(5,),
    shapes=((300,),),
    region="moderate",
    exponent=-1,
    seed=1,
)


def prepared(path, fmt):
    claim = next(claim for claim in CLAIMS if claim.name == PATHS[path])
    example = fill(claim, fmt, STRUCTURE, enumerated=False)
    return lower(claim, example.numbers), example.arrays


@pytest.mark.parametrize("name", ["numpy", "torch", "ideal"])
@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@pytest.mark.parametrize("path", PATHS)
def test_run(benchmark, path, fmt, name):
    implementation = {"numpy": NUMPY_TEXTBOOK, "torch": torch_eager(), "ideal": IDEAL}[name]
    program, arrays = prepared(path, fmt)
    benchmark.group = f"{path}, {fmt}"

    def once():
        with np.errstate(all="ignore"):
            return run(program, machine(implementation, fmt), arrays)

    assert benchmark(once).derivatives


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@pytest.mark.parametrize("path", PATHS)
def test_enclosure(benchmark, path, fmt):
    program, arrays = prepared(path, fmt)
    contract = Contract.of(NUMPY_TEXTBOOK, fmt)
    benchmark.group = f"{path}, {fmt}"
    with np.errstate(all="ignore"):
        trace = run(program, machine(NUMPY_TEXTBOOK, fmt), arrays)

    def once():
        with np.errstate(all="ignore"):
            return readings.anchored(program, contract, arrays, trace)

    assert benchmark(once).derivatives
