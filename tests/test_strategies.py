"""Examples lie in their claim's domains, are the same for a seed, and survive being written."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import find, given, settings, strategies as st
from sympy import Eq, Integer, Rational

from checks.evidence import gather
from checks.example import Example, MalformedInput, decode, encode
from checks.filling import Structure, everything, fill, inside, shapes
from checks.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS
from checks.implementations.ideal import IDEAL
from checks.lowering import lower
from checks.pinned import large, pinned
from checks.strategies import (
    WITH_INNER,
    WITH_ROWS,
    WITHOUT_WIDTH,
    examples,
    numbers,
    structures,
)
from checks.traits import is_enumerable
from tests.turns import claims_in_turn
from theory import domains
from theory.book import CLAIMS, EVALUATED
from theory.calculus import Gradient, Norm, layers
from theory.claim import Claim, apart, claim, refuted
from theory.domains import (
    Coefficient,
    Depth,
    Domain,
    Gradients,
    PositiveWeights,
    Real,
    UnitInterval,
    Weights,
)
from theory.heads import clip_by_norm, leaky_relu, sigmoid
from theory.sources import CV

EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
SHORT = pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=str)
EACH_CLAIM = pytest.mark.parametrize("entry", EVALUATED, ids=lambda entry: entry.name)

# An example is a whole set of arrays, for every claim and format.
FEWER = settings(max_examples=max(settings().max_examples // 20, 4))


class AtLeastOne(Real):
    low, simplest = Integer(1), Integer(1)


class BelowOne(Real):
    high, open, simplest = Integer(1), True, Integer(0)


class Nonnegative(Real):
    low = Integer(0)


class Between(Real):
    low, high, open, simplest = Rational(1, 3), Rational(2, 3), True, Rational(1, 2)


OWN = pytest.mark.parametrize("domain", [AtLeastOne, BelowOne, Nonnegative, Between])


def stated(formula, **options) -> Claim:
    formula.__doc__ = "It is so."
    with apart():
        return claim(source=CV.section("1"), **options)(formula)


def about(domain) -> Claim:
    def of_one(x):
        return sigmoid(x) > 0

    of_one.__annotations__["x"] = domain
    return stated(of_one)


def arrays_of(example):
    """Every array with the name of its variable."""
    for (name, _), values in example.arrays.items():
        for part in values if isinstance(values, list) else [values]:
            yield name, part


def assert_in_domain(entry: Claim, fmt, example: Example) -> None:
    for name, number in example.numbers.items():
        if isinstance(number, Fraction):
            assert inside(entry.variables[name], float(number))
    for name, values in arrays_of(example):
        assert values.dtype == fmt.dtype
        assert np.isfinite(values.astype(np.float64)).all()
        if name in entry.variables:  # a map's weights have no domain of their own
            assert inside(entry.variables[name], values).all()


def subclasses(kind):
    return {kind, *(below for sub in kind.__subclasses__() for below in subclasses(sub))}


FILLED = {
    domain
    for domain in subclasses(Domain)
    if getattr(domain, "form", "") not in {"", "number", "depth", "shape", "seed", "draws"}
    and not domain.__name__.startswith("_")
}


# -- drawing --------------------------------------------------------------------------------------


@claims_in_turn(EVALUATED)
@FEWER
@given(st.data())
def test_examples_are_finite_numbers_of_the_format_in_their_domains(entry, fmt, data):
    structure = data.draw(structures(entry, fmt))
    example = fill(entry, fmt, structure, enumerated=False)
    assert_in_domain(entry, fmt, example)
    again = fill(entry, fmt, structure, enumerated=False)
    assert json.dumps(encode(example)) == json.dumps(encode(again))
    lower(entry, example.numbers)


@EACH_CLAIM
@EVERY
def test_pinned_examples_lie_in_their_domains_and_can_be_run(entry, fmt):
    for example in [*pinned(entry, fmt), *large(entry, fmt)]:
        assert_in_domain(entry, fmt, example)
        if not entry.is_statistical:  # what is random is drawn by the sample, not filled in
            program = lower(entry, example.numbers)
            assert {node.key for node in program.network if node.key} <= set(example.arrays)


@OWN
@EVERY
@FEWER
@given(st.data())
def test_a_domain_of_ones_own_is_drawn_between_its_bounds(domain, fmt, data):
    entry = about(domain)
    assert_in_domain(entry, fmt, data.draw(examples(entry, fmt, enumerated=False)))


@OWN
@SHORT
def test_an_enumerated_domain_is_all_of_it(domain, fmt):
    entry = about(domain)
    assert is_enumerable(entry, fmt)
    values = everything(fmt, entry.variables["x"])
    assert inside(entry.variables["x"], values).all()
    every = fmt.all_finite()
    assert len(values) == inside(entry.variables["x"], every).sum()
    assert 0 < len(values) < len(every)


@pytest.mark.parametrize(
    "domain",
    sorted(
        (kind for kind in subclasses(Coefficient) if kind.__module__ == domains.__name__),
        key=lambda kind: kind.__name__,
    ),
)
@FEWER
@given(st.data())
def test_parameters_are_representable_in_every_format(domain, data):
    value = data.draw(numbers(domain("k")))
    assert inside(domain, float(value))
    for fmt in FORMATS.values():
        assert Fraction(float(fmt.nearest(np.array(float(value))))) == value


def test_every_form_of_every_domain_has_a_strategy():
    entry = next(
        entry for entry in CLAIMS if entry.name == "layer_gradient_is_a_product_of_jacobians"
    )
    structure = structures(entry, FLOAT32)
    for domain in FILLED:
        drawn = structure.map(lambda s, domain=domain: [*shapes("v", domain("v"), s, 4)])
        assert find_any(drawn), domain


@pytest.mark.parametrize("domain", sorted(FILLED, key=lambda domain: domain.__name__))
def test_what_arrays_do_not_have_is_not_drawn(domain):
    few = Structure({}, 3, 2, 2, (1,), ((1,),), "moderate", 0, 0)

    def matters(**other) -> bool:
        structures = few, replace(few, **other)
        one, another = (list(shapes("v", domain("v"), each, 4)) for each in structures)
        return one != another

    assert matters(width=3) == (domain.form not in WITHOUT_WIDTH)
    assert matters(rows=3) == (domain.form in WITH_ROWS)
    assert matters(inner=(2,)) == (domain.form in WITH_INNER)
    assert matters(shapes=((2,),)) == (domain.form == "tensors")


def find_any(strategy):
    return find(strategy, lambda value: True, settings=settings(database=None))


@pytest.mark.parametrize("region", ["moderate", "simple", "small", "large", "everywhere"])
@EVERY
def test_a_region_keeps_to_the_format(fmt, region):
    entry = about(Real)
    structure = find_any(structures(entry, fmt))
    example = fill(entry, fmt, replace(structure, region=region, seed=5), enumerated=False)
    (values,) = example.arrays.values()
    assert np.isfinite(values.astype(np.float64)).all()
    assert len(np.unique(values.astype(np.float64))) > 4


# -- points that a claim names --------------------------------------------------------------------


def witness_of(formula, point) -> tuple[Claim, Example]:
    formula.__doc__ = "It is not so."
    with apart():
        entry = refuted(source=CV.section("1"), by=point, instead="another")(formula)
    return entry, next(iter(pinned(entry, FLOAT32)))


def test_a_witness_may_be_a_list_of_gradients():
    def clipping_enlarges(g: Gradients):
        return Norm(clip_by_norm(g, 1)) >= 1

    _, example = witness_of(clipping_enlarges, {"g": Rational(1, 2)})
    assert [part.tolist() for part in example.arrays["g", 0]] == [[0.5]]


def test_a_witness_may_call_its_depth_by_any_name():
    def never_shrinks(depth: Depth, x: Real, w: Weights):
        return Gradient(layers(lambda i, h: sigmoid(w[i] * h), x)(depth), x) >= 1

    entry, example = witness_of(never_shrinks, {"depth": 3, "x": 0, "w": 1})
    assert gather(entry, IDEAL, FLOAT32, example).false.all()


def test_a_point_of_equality_need_not_name_every_variable():
    def steepest_at_zero(x: Real, k: UnitInterval):
        return leaky_relu(x, k) >= x

    entry = stated(steepest_at_zero, attained_at={"x": 0})
    for example in pinned(entry, FLOAT32):
        assert_in_domain(entry, FLOAT32, example)
        lower(entry, example.numbers)
        gather(entry, IDEAL, FLOAT32, example)


def test_a_deep_network_may_have_parameters():
    def leaky_chain(n: Depth, x: Real, w: PositiveWeights, k: UnitInterval):
        return Eq(Gradient(layers(lambda i, h: leaky_relu(w[i] * h, k), x)(n), x), 0)

    entry = stated(leaky_chain)
    for example in pinned(entry, FLOAT32):
        assert_in_domain(entry, FLOAT32, example)
        assert gather(entry, IDEAL, FLOAT32, example).faults == ()


# -- writing down ---------------------------------------------------------------------------------


def bits_of(values):
    return [part.tobytes() for part in (values if isinstance(values, list) else [values])]


def assert_survives(example: Example, fmt) -> None:
    back = decode(json.loads(json.dumps(encode(example))), fmt)
    assert dict(back.numbers) == dict(example.numbers)
    assert set(back.arrays) == set(example.arrays)
    for key, values in example.arrays.items():
        assert isinstance(back.arrays[key], list) == isinstance(values, list)
        assert bits_of(back.arrays[key]) == bits_of(values)
        parts = values if isinstance(values, list) else [values]
        found = back.arrays[key] if isinstance(values, list) else [back.arrays[key]]
        assert [part.shape for part in found] == [part.shape for part in parts]
        assert {part.dtype for part in found} == {np.dtype(fmt.dtype)}


@SHORT
def test_every_finite_number_and_infinity_survives_writing(fmt):
    patterns = np.arange(2**16, dtype=np.uint16).view(fmt.dtype)
    numbers = patterns[np.abs(fmt.ordinals(patterns)) <= fmt.largest_ordinal + 1]
    assert_survives(Example({}, {("x", 0): numbers}), fmt)


@EVERY
@FEWER
@given(data=st.data(), shape=st.sampled_from([(), (0,), (1,), (2, 3), (0, 4), (1, 1, 2)]))
def test_arrays_survive_writing_bit_for_bit(fmt, data, shape):
    top, size = fmt.largest_ordinal + 1, int(np.prod(shape))
    ordinals = data.draw(st.lists(st.integers(-top, top), min_size=size, max_size=size))
    values = fmt.from_ordinals(np.array(ordinals, dtype=np.int64)).reshape(shape)
    for negative in (values, -values):  # minus zero has no ordinal
        example = Example({"n": Fraction(3), "k": Fraction(-1, 3)}, {("w", 7): negative})
        assert_survives(example, fmt)


@EVERY
def test_a_nan_stays_a_nan(fmt):
    values = fmt.nearest(np.array([np.nan, 1.0]))
    back = decode(encode(Example({}, {("x", 0): values})), fmt).arrays["x", 0]
    assert np.isnan(back.astype(np.float64)).tolist() == [True, False]


@EVERY
def test_lists_of_arrays_shapes_and_layers_survive_writing(fmt):
    parts = [fmt.nearest(np.array(part)) for part in ([[1.5, -0.0]], [], 2.0)]
    arrays = {("g", 0): parts, ("f.weight", 0): parts[0], ("f.weight", 2): parts[0]}
    assert_survives(Example({"shape": (3, 4), "seed": Fraction(2**40)}, arrays), fmt)


@EACH_CLAIM
@FEWER
@given(st.data())
def test_examples_of_the_book_survive_writing(entry, data):
    example = data.draw(examples(entry, FLOAT64, enumerated=False))
    assert_survives(example, FLOAT64)


@pytest.mark.parametrize(
    "inputs",
    [
        {"x": "one"},
        {"x": {"shape": [2], "values": ["0x1p+0"]}},
        {"x": {"values": ["0x1p+0"]}},
        {"x": {"shape": [1], "values": ["one"]}},
        {"x": 3},
        {"x": None},
        {"x[i]": {"shape": [1], "values": ["0x1p+0"]}},
    ],
)
def test_what_is_no_input_is_refused(inputs):
    with pytest.raises(MalformedInput, match="is no number or array"):
        decode(inputs, FLOAT32)
