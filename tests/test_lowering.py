"""A formula becomes a graph in which every operation stands once and every number is exact."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch
from sympy import Eq, Product, Sum, exp, oo
from torch.func import grad, jacrev

from checks.formats import FLOAT64
from checks.implementations.ideal import IDEAL, IdealMachine
from checks.lowering import LoweringError, lower
from checks.program import Node, Program, Relation
from checks.tracing import run
from theory.book import CLAIMS
from theory.calculus import (
    Computed,
    Dot,
    Gradient,
    Iff,
    Jacobian,
    Largest,
    Limits,
    PassesNaN,
    Slope,
    Total,
    i,
    k,
    layers,
)
from theory.claim import Claim, apart, claim
from theory.domains import (
    Batch,
    Coefficient,
    Depth,
    Features,
    Gradients,
    Real,
    SmoothMap,
    Vector,
    WeightMatrix,
    Weights,
)
from theory.heads import batch_norm, global_norm, leaky_relu, linear, relu, residual, sigmoid, tanh
from theory.sources import CV

BOOK = {entry.name: entry for entry in CLAIMS}


@pytest.fixture(autouse=True)
def _scratch() -> Iterator[None]:
    with apart():
        yield


def stated(formula) -> Claim:
    formula.__doc__ = "It is so."
    return claim(source=CV.section("1"))(formula)


def refusal(formula, **numbers: Fraction) -> str:
    with pytest.raises(LoweringError) as caught:
        lower(stated(formula), numbers)
    assert str(caught.value).startswith(f"{formula.__name__}: ")
    return str(caught.value)


def operations(program: Program, name: str) -> list[Node]:
    return [node for node in program.network if node.operation == name]


def test_equal_sub_expressions_share_a_node():
    def mentioned_again(x: Real, w: Real):
        return Eq(Slope(sigmoid(w * x), x), w * Slope(sigmoid(w * x), w * x))

    program = lower(stated(mentioned_again), {})
    assert [node.operation for node in program.network] == ["input", "input", "mul", "sigmoid"]
    assert len(program.derivatives) == 2


def test_the_number_three_is_not_node_three():
    def thrice(v: Real, w: Real, x: Real, y: Real):
        return Eq(Computed(v * w) + Computed(x * y), Computed(3 * y))

    program = lower(stated(thrice), {})
    x = next(index for index, node in enumerate(program.network) if node.key == ("x", 0))
    assert x == 3
    assert len(operations(program, "mul")) == 3


def test_the_same_product_in_another_order_is_one_node():
    def turned(n: Depth, w: Weights):
        return Eq(Computed(w[2] * w[1]), Computed(Product(w[i], (i, 1, n))))

    assert len(operations(lower(stated(turned), {"n": Fraction(2)}), "mul")) == 1


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_symbolic_depth_unrolls_to_so_many_layers(depth):
    program = lower(BOOK["sigmoid_chain_gradient_shrinks_geometrically"], {"n": Fraction(depth)})
    sigmoids = operations(program, "sigmoid")
    assert len(sigmoids) == depth
    weights = [node.key for node in program.network if node.key and node.key[0] == "w"]
    assert weights == [("w", layer) for layer in range(1, depth + 1)]
    (derivative,) = program.derivatives
    y, x = derivative.parents
    assert program.network[y] is sigmoids[-1]
    assert program.network[x].key == ("x", 0)


def test_depth_zero_is_the_input_itself():
    def shortened(n: Depth, x: Real, w: Weights):
        a = layers(lambda layer, h: sigmoid(w[layer] * h), x)
        return Computed(a(n)) > Computed(a(n - 1))

    program = lower(stated(shortened), {"n": Fraction(1)})
    observed = [node.arguments for node in program.statement if node.operation == "observe"]
    assert (0,) in observed


def test_a_recursion_inside_a_recursion_starts_from_the_outer_value():
    def nested(w: Weights, x: Real):
        inner = lambda h: layers(lambda i, g: sigmoid(w[i] * g), h)(2)  # noqa: E731
        return Computed(layers(lambda j, h: tanh(inner(h)), x)(3)) > 0

    program = lower(stated(nested), {})
    assert len(operations(program, "sigmoid")) == 6
    assert len(operations(program, "tanh")) == 3


def test_a_recursion_under_a_sum_follows_its_index():
    def summed(n: Depth, w: Weights, x: Real):
        return Sum(Computed(layers(lambda layer, h: sigmoid(w[k] * h), x)(1)), (k, 1, n)) > 0

    assert len(operations(lower(stated(summed), {"n": Fraction(3)}), "sigmoid")) == 3


def test_an_empty_product_of_the_network_is_one_and_an_empty_sum_zero():
    def empty(n: Depth, w: Weights, x: Real):
        return Eq(Computed(x * Product(w[i], (i, 2, n))), Computed(x + Sum(w[i], (i, 2, n))))

    program = lower(stated(empty), {"n": Fraction(1)})
    assert [node.arguments for node in program.network[1:]] == [
        (Fraction(1), 0),
        (Fraction(0), 0),
    ]


def test_numbers_fold_exactly():
    entry = BOOK["batch_norm_ignores_shift_and_scale"]
    a, eps = Fraction(3, 128), Fraction(1, 3)
    program = lower(entry, {"a": a, "c": Fraction(5), "eps": eps})
    last = {node.arguments[-1] for node in operations(program, "batch_norm")}
    assert last == {a**2 * eps, eps}


def test_a_strict_inequality_turns_round_to_below():
    def risen(x: Real):
        return sigmoid(x) > 0

    program = lower(stated(risen), {})
    assert program.relation is Relation.BELOW
    assert program.statement[program.left].arguments == (Fraction(0),)


@pytest.mark.parametrize(("strict", "operation"), [(True, "positive"), (False, "nonnegative")])
def test_a_side_of_an_equivalence_is_the_sign_of_a_difference(strict, operation):
    def either(x: Real):
        side = relu(x) > 0 if strict else relu(x) >= 0
        return Iff(side, x < sigmoid(x))

    program = lower(stated(either), {})
    assert program.statement[program.left].operation == operation
    assert program.statement[program.right].operation == "positive"


# -- what cannot be lowered says why --------------------------------------------------------------


def test_a_derivative_inside_a_derivative_is_refused():
    def curvature(x: Real):
        return Slope(Slope(sigmoid(x), x), x) <= 1

    assert "move it out of the derivative" in refusal(curvature)


def test_a_derivative_by_a_number_is_refused():
    def by_a_number(x: Real, m: Coefficient):
        return Slope(leaky_relu(x, m), m) <= 1

    assert "only arrays have gradients" in refusal(by_a_number, m=Fraction(1))


def test_nan_is_put_into_a_variable_and_looked_for_in_a_value():
    def nan_in_a_product(x: Real, w: Real):
        return PassesNaN(w * x, x)

    assert "write PassesNaN(relu(x), x)" in refusal(nan_in_a_product)


def test_a_limit_is_a_number_of_the_example():
    def limit_that_is_no_number(x: Real, w: Real):
        return Limits(leaky_relu(x, 1), x, w, oo)

    assert "a limit is a fraction, -oo or oo" in refusal(limit_that_is_no_number)


def test_a_derivative_through_what_has_no_backward_pass_is_refused():
    def the_slope_of_a_norm(g: Gradients):
        return Eq(Gradient(global_norm(g), g), g)

    assert "global_norm has no backward pass" in refusal(the_slope_of_a_norm)


def test_a_depth_that_is_no_whole_number_is_refused():
    def halved(n: Depth, x: Real):
        return Computed(layers(lambda layer, h: sigmoid(h), x)(n / 2)) > 0

    assert "n/2 is no whole number" in refusal(halved, n=Fraction(3))


def test_a_negative_depth_is_refused():
    def before_the_first(n: Depth, x: Real):
        return Computed(layers(lambda layer, h: sigmoid(h), x)(n - 2)) > 0

    assert "has -1 of them" in refusal(before_the_first, n=Fraction(1))


def test_the_largest_of_nothing_is_refused():
    def nothing(n: Depth, w: Weights):
        return Largest(w[i], (i, 2, n)) >= 0

    assert "largest of nothing" in refusal(nothing, n=Fraction(1))


def test_a_division_by_the_number_zero_is_refused():
    def divided(x: Real, m: Coefficient):
        return sigmoid(x) <= 1 / m

    assert "give the variable a domain without 0" in refusal(divided, m=Fraction(0))


def test_a_number_in_the_place_of_an_array_is_refused():
    def squashed(x: Real, m: Coefficient):
        return sigmoid(m) <= x

    assert "sigmoid takes an array as its x" in refusal(squashed, m=Fraction(1))


def test_a_function_of_sympy_in_the_network_is_refused():
    def raw(x: Real):
        return Computed(exp(x)) > 0

    assert "use a head of theory.heads" in refusal(raw)


def test_a_map_that_is_not_applied_is_refused():
    def bare(f: SmoothMap):
        return Computed(f) > 0

    assert "write f(x), a map applied to a row" in refusal(bare)


def test_the_jacobian_of_a_batch_is_refused():
    def of_a_batch(x: Batch):
        return Eq(Jacobian(sigmoid(x), x), Jacobian(tanh(x), x))

    program = lower(stated(of_a_batch), {})
    arrays = {("x", 0): np.ones((3, 2))}
    with pytest.raises(ValueError, match=r"it takes rows, shape \(1, d\)"):
        run(program, IdealMachine(IDEAL, FLOAT64), arrays)


# -- derivatives ----------------------------------------------------------------------------------


def derivatives(entry: Claim, arrays: dict) -> list:
    """Those of the statement, by the ideal control in float64."""
    program = lower(entry, {})
    trace = run(program, IdealMachine(IDEAL, FLOAT64), arrays)
    return [trace.derivatives[node] for node in program.derivatives]


def test_jacobians_are_those_of_torch_func():
    def of_a_residual(x: Vector, f: SmoothMap):
        return Eq(Jacobian(residual(x, f(x)), x), Jacobian(f(x), x))

    rng = np.random.default_rng(5)
    x, weight, bias = rng.normal(size=(1, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    arrays = {("x", 0): x, ("f.weight", 0): weight, ("f.bias", 0): bias}
    delivered = derivatives(stated(of_a_residual), arrays)
    f = lambda row: torch.tanh(row @ torch.tensor(weight).T + torch.tensor(bias))  # noqa: E731
    for function, jacobian in zip([lambda row: row + f(row), f], delivered, strict=True):
        expected = jacrev(lambda row, of=function: of(row)[0])(torch.tensor(x))[:, 0]
        # Two float64 evaluations of a dozen roundings each.
        assert np.abs(jacobian - expected.numpy()).max() <= 64 * FLOAT64.unit_roundoff


def test_gradients_and_slopes_are_those_of_torch_func():
    def of_a_layer(x: Batch, W: WeightMatrix, b: Features, g: Batch):
        z = linear(x, W, b)
        loss = Total(g * tanh(z))
        return Eq(Gradient(loss, W), Dot(Gradient(loss, z), Slope(tanh(z), z)))

    rng = np.random.default_rng(6)
    x, weight, g = rng.normal(size=(4, 2)), rng.normal(size=(2, 2)), rng.normal(size=(4, 2))
    arrays = {("x", 0): x, ("W", 0): weight, ("b", 0): np.array([0.5, -1.0]), ("g", 0): g}
    by_weight, by_z, slope = derivatives(stated(of_a_layer), arrays)
    z = torch.tensor(x @ weight.T + arrays["b", 0])
    loss = lambda z: (torch.tensor(g) * torch.tanh(z)).sum()  # noqa: E731
    of_weight = lambda w: loss(torch.tensor(x) @ w.T + torch.tensor(arrays["b", 0]))  # noqa: E731
    expected = [
        grad(of_weight)(torch.tensor(weight)),
        grad(loss)(z),
        grad(lambda z: torch.tanh(z).sum())(z),
    ]
    for delivered, other in zip([by_weight, by_z, slope], expected, strict=True):
        assert np.abs(delivered - other.numpy()).max() <= 256 * FLOAT64.unit_roundoff


def test_the_batch_norm_gradient_is_its_difference_quotient():
    def of_a_batch_norm(x: Batch, gamma: Features, beta: Features, g: Batch):
        return Eq(Gradient(Total(g * batch_norm(x, gamma, beta, 1)), x), 0)

    rng = np.random.default_rng(7)
    x, g, one = rng.normal(size=(5, 1)), rng.normal(size=(5, 1)), np.ones(1)
    arrays = {("x", 0): x, ("gamma", 0): one, ("beta", 0): one, ("g", 0): g}
    (delivered,) = derivatives(stated(of_a_batch_norm), arrays)

    def loss(x):
        return (g * ((x - x.mean()) / np.sqrt(x.var() + 1) + 1)).sum()

    step = 2.0**-17  # its square is the error of a central difference, and of rounding by it too
    for row in range(5):
        shift = np.zeros_like(x)
        shift[row] = step
        quotient = (loss(x + shift) - loss(x - shift)) / (2 * step)
        assert abs(delivered[row, 0] - quotient) <= 16 * step**2


# -- what a gradient reaches ----------------------------------------------------------------------


def test_a_gradient_reaches_exactly_what_its_target_depends_on():
    diamond = Program(
        network=(
            Node("input", key=("x", 0)),
            Node("input", key=("y", 0)),
            Node("sigmoid", (0,)),
            Node("tanh", (0,)),
            Node("mul", (2, 1)),
            Node("add", (4, 3)),
            Node("relu", (4,)),
        ),
        statement=(),
        left=0,
        right=0,
        relation=Relation.EQUAL,
    )
    assert diamond.ancestors(5) == (0, 1, 2, 3, 4, 5)
    assert diamond.ancestors(6) == (0, 1, 2, 4, 6)
    assert diamond.ancestors(3) == (0, 3)
    assert diamond.ancestors(1) == (1,)
    assert diamond.path(5, {0}) == (0, 1, 2, 3, 4, 5)
    # What is beside the way is left out, but for inputs that get nothing from elsewhere.
    assert diamond.path(5, {2}) == (1, 2, 4, 5)
    assert diamond.path(5, {3}) == (3, 5)
    assert diamond.path(5, {1, 3}) == (1, 3, 4, 5)


def test_zeros_depend_on_a_shape_and_not_on_values():
    chain = Program(
        network=(
            Node("input", key=("W", 0)),
            Node("input", key=("x", 0)),
            Node("zeros", (0,)),
            Node("linear", (1, 0, 2)),
        ),
        statement=(),
        left=0,
        right=0,
        relation=Relation.EQUAL,
    )
    assert chain.ancestors(2) == (2,)
    assert chain.ancestors(3) == (0, 1, 3)
