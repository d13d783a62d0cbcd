"""The parts of the prover, each against plain evaluation: what they claim to know has to hold."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st
from sympy import (
    Abs,
    Dummy,
    Integer,
    Poly,
    Rational,
    Symbol,
    erf,
    exp,
    log,
    oo,
    sign as sign_of,
    sqrt,
    tanh,
)

from theory import heads
from theory.proving.balls import certain_sign, enclosure, hull, number, sign_of_number
from theory.proving.cases import each_case
from theory.proving.definitions import keeps_its_slope, read
from theory.proving.enclosure import prove_positive
from theory.proving.errors import NegativeError, OutOfReachError
from theory.proving.field import SLOPES, Field
from theory.proving.gaussian import half_normal_moment
from theory.proving.ranges import Range, cells
from theory.proving.signs import Facts, SignTable
from theory.proving.tails import sign_from

x, y, z = (Symbol(name, real=True) for name in "xyz")

SMALL = st.fractions(-4, 4, max_denominator=4).map(lambda f: Rational(f.numerator, f.denominator))


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low, high = sorted((draw(SMALL), draw(SMALL)))
    assume(low < high)
    ends = draw(st.sampled_from([(low, high), (low, oo), (-oo, high), (-oo, oo)]))
    return Range(*ends, ends[0] == -oo or draw(st.booleans()), ends[1] == oo or draw(st.booleans()))


def inside(domain: Range, fraction: Fraction) -> Any:
    """A number of a range: a fraction of the way, with the ends themselves where they belong."""
    low = domain.low if domain.low.is_finite else min(-9, domain.high - 9)
    high = domain.high if domain.high.is_finite else max(9, low + 9)
    if fraction in (0, 1) and (domain.low_open, domain.high_open)[int(fraction)]:
        fraction = Fraction(1, 2)
    return low + Rational(fraction.numerator, fraction.denominator) * (high - low)


UNIT = st.fractions(0, 1, max_denominator=16)


def polynomials(*symbols: Symbol) -> st.SearchStrategy[Any]:
    powers = st.tuples(*(st.integers(0, 2) for _ in symbols))
    terms = st.dictionaries(powers, SMALL, min_size=1, max_size=5)
    return terms.map(
        lambda chosen: sum(
            (
                coefficient * prod_of(symbols, exponents)
                for exponents, coefficient in chosen.items()
            ),
            Integer(0),
        )
    )


def prod_of(symbols: Any, exponents: Any) -> Any:
    product = Integer(1)
    for symbol, exponent in zip(symbols, exponents, strict=True):
        product *= symbol**exponent
    return product


@given(polynomials(x), ranges(), UNIT)
def test_a_cell_has_the_sign_it_is_given(polynomial: Any, domain: Range, fraction: Fraction):
    where = inside(domain, fraction)
    value = polynomial.subs(x, where)
    signs = [
        its_sign
        for part, its_sign in cells(Poly(polynomial, x), domain)
        if (part.low < where or (part.low == where and not part.low_open))
        and (where < part.high or (part.high == where and not part.high_open))
    ]
    assert signs == [int(sign_of(value))]


@given(
    polynomials(x, y, z),
    polynomials(x, y, z),
    st.tuples(ranges(), ranges(), ranges()),
    st.tuples(UNIT, UNIT, UNIT),
)
def test_the_possible_signs_hold_the_one_that_occurs(above, below, domains, fractions):
    field = Field(domains=dict(zip((x, y, z), domains, strict=True)))
    table = SignTable(field, Facts())
    point = {
        symbol: inside(domain, fraction)
        for symbol, domain, fraction in zip((x, y, z), domains, fractions, strict=True)
    }
    assume(below.subs(point) != 0)
    value = (above / below).subs(point)
    assert int(sign_of(value)) in table.possible(above / below)


FORMULAS = (
    exp(-x),
    1 / (1 + exp(-x)),
    tanh(x) * exp(x / 2),
    x * (1 + erf(x / sqrt(2))) / 2,
    log(1 + exp(x)),
    x * tanh(log(1 + exp(x))),
    sqrt(4 * x**2 + 4) / (3 + x**2),
    exp(2 * x - 1) - exp(x) ** 2,
    Abs(x - 1) * exp(-Abs(x)),
)


@pytest.mark.parametrize("through_exponentials", [False, True])
@pytest.mark.parametrize("formula", FORMULAS, ids=str)
@given(SMALL)
def test_the_field_differentiates_as_plain_calculus_does(formula, through_exponentials, where):
    assume(where not in (0, 1))
    field = Field(through_exponentials, domains={x: Range(where, where, False, False)})
    ((_, value),) = each_case(field, Facts(), lambda _: read(formula, {x: x}, field))
    slope = field.written_out(field.derivative(value, x)).subs(x, where)
    assert abs((slope - formula.diff(x).subs(x, where)).evalf(30)) < 1e-20
    assert abs((field.written_out(value) - formula).subs(x, where).evalf(30)) < 1e-20


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
@given(SMALL, SMALL, UNIT)
def test_a_ball_holds_every_value(formula, one, other, fraction):
    low, high = sorted((one, other))
    where = low + Rational(fraction.numerator, fraction.denominator) * (high - low)
    ball = enclosure(formula, {x: hull(low, high)})
    exact = enclosure(formula, {x: number(where)})
    assert ball.overlaps(exact) or not ball.is_finite()


TERMS = (exp(-x), x * exp(-x), exp(-(x**2) / 2), x, x**2, Integer(1), erf(x / 2), tanh(x))


@given(st.lists(st.tuples(SMALL, st.sampled_from(TERMS)), min_size=1, max_size=4), UNIT)
def test_a_sign_on_a_half_line_holds_at_every_point_of_it(terms, fraction):
    formula = sum(coefficient * term for coefficient, term in terms)
    for start in (Rational(4), Rational(16)):
        try:
            sign = sign_from(formula, x, start)
        except OutOfReachError:
            continue
        where = start + 40 * Rational(fraction.numerator, fraction.denominator)
        if sign is not None:
            assert sign_of_number(formula.subs(x, where)) == sign


@given(
    st.lists(st.tuples(SMALL, st.sampled_from(TERMS)), min_size=1, max_size=4),
    st.booleans(),
    ranges(),
    UNIT,
)
def test_what_is_proved_positive_is_positive(terms, strict, domain, fraction):
    formula = sum(coefficient * term for coefficient, term in terms) + Integer(1)
    assume(formula.has(x))
    try:
        prove_positive(formula, {x: domain}, strict, contacts=(0, 1))
    except (OutOfReachError, NegativeError):
        return
    sign = sign_of_number(formula.subs(x, inside(domain, fraction)))
    assert sign == 1 or (sign == 0 and not strict)


@pytest.mark.parametrize(
    ("formula", "domain", "contacts"),
    [
        (exp(x) - 1 - x, Range(), [0]),
        (exp(x) - 1 - x - x**2 / 2, Range(Integer(0), oo, False), [0]),
        (x**4 * exp(-x), Range(), [0]),
        (1 - exp(-x), Range(Integer(0), oo, False), []),
        ((x - 1) ** 2 * (x - 2) ** 2 * exp(x), Range(Integer(0), Integer(3), False, False), [1, 2]),
        (-(x**3), Range(Integer(-2), Integer(0), False, False), []),
    ],
    ids=str,
)
def test_a_contact_is_settled_by_derivatives(formula, domain, contacts):
    prove_positive(formula, {x: domain}, strict=False, contacts=contacts)
    with pytest.raises((OutOfReachError, NegativeError)):
        prove_positive(formula, {x: domain}, strict=True, contacts=contacts)
    with pytest.raises((OutOfReachError, NegativeError)):
        prove_positive(formula - Rational(1, 10**6), {x: domain}, strict=False, contacts=contacts)


def test_a_contact_that_nobody_states_is_not_overlooked():
    with pytest.raises(OutOfReachError, match="attained_at"):
        prove_positive((x - Rational(1, 3)) ** 2, {x: Range(Integer(0), Integer(1))}, strict=False)


def test_a_box_of_several_variables_is_enclosed():
    box = {x: Range(Integer(-1), Integer(1)), y: Range(Integer(-1), Integer(1))}
    prove_positive(exp(x * y) - Rational(1, 3), box, strict=True)
    with pytest.raises(NegativeError):
        prove_positive(exp(x * y) - Rational(2, 5), box, strict=True)


def test_a_square_comes_out_of_a_root_with_its_sign():
    field = Field(domains={x: Range(high=Integer(0)), y: Range(Integer(0), oo)})
    field.sign = SignTable(field, Facts()).decide
    assert field.is_zero(field.root(9 * x**2 * y) - (-3 * x * field.root(y)))
    assert field.is_zero(field.root(y / x**2) + field.root(y) / x)
    assert not field.is_zero(field.root(9 * x**2 * y) - 3 * x * field.root(y))
    assert field.root(Integer(0)) == 0
    assert field.is_zero(field.root(Integer(8)) ** 2 - 8)


def test_cases_cover_the_line_and_know_where_they_are():
    field = Field()

    def question(table: SignTable) -> tuple[int, int]:
        return table.decide(x**2 - 2), table.decide(x)

    answers = [answer for _, answer in each_case(field, Facts(), question)]
    assert sorted(answers) == [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 1)]


def test_a_named_slope_is_that_of_the_definition():
    assert keeps_its_slope(heads.sigmoid, SLOPES[heads.sigmoid])
    assert not keeps_its_slope(heads.sigmoid, lambda field, v, u: v * (1 - v) / 2)


@pytest.mark.parametrize("k", range(6))
def test_half_normal_moments(k: int):
    from sympy import integrate, pi

    t = Dummy("t", positive=True)
    density = exp(-(t**2) / 2) / sqrt(2 * pi)
    assert (integrate(t**k * density, (t, 0, oo)) - half_normal_moment(k, 1)).simplify() == 0
    assert half_normal_moment(k, -1) == (-1) ** k * half_normal_moment(k, 1)


def test_a_number_too_close_to_zero_has_the_sign_of_what_it_is():
    assert sign_of_number(sqrt(2) ** 2 - 2) == 0
    assert sign_of_number(exp(log(3) * 2) - 9) == 0
    assert sign_of_number(sqrt(2) - Rational(141421356237309504880, 10**20)) == 1
    assert certain_sign(hull(Integer(-1), Integer(1))) is None
