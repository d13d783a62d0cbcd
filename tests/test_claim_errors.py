"""A claim that cannot stand is refused with a message that says what to write instead."""

from collections.abc import Callable, Iterator

import pytest
from sympy import Eq, Function, Ne, Symbol

from theory.book import CLAIMS
from theory.calculus import Limits
from theory.claim import REGISTRY, ClaimError, apart, check_links, claim, refuted
from theory.domains import Positive, Real, Vector, Weights
from theory.heads import HEADS, linear, relu, sigmoid
from theory.sources import CV

NOTES = CV.section("1")


@pytest.fixture(autouse=True)
def _scratch() -> Iterator[None]:
    with apart():
        yield


def refusal(function: Callable[..., object], **options: object) -> str:
    with pytest.raises(ClaimError) as caught:
        claim(**{"source": NOTES, **options})(function)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_claim_that_was_set_apart_is_gone_afterwards():
    with apart() as registry:

        @claim(source=NOTES)
        def relu_is_itself(x: Real):
            """The ReLU is at most itself."""
            return relu(x) <= sigmoid(x)

        assert registry["relu_is_itself"] is relu_is_itself
        assert REGISTRY["relu_is_itself"] is relu_is_itself
    assert "relu_is_itself" not in REGISTRY
    assert {entry.name for entry in CLAIMS} <= set(REGISTRY)


def test_a_formula_that_sympy_decides_while_it_is_built_is_refused():
    def squares_are_not_negative(x: Real):
        """A square is not negative."""
        return x**2 >= 0

    message = refusal(squares_are_not_negative)
    assert "SymPy decided the formula to True" in message
    assert "Computed(x*x) >= 0" in message


def test_a_comparison_that_python_decides_is_refused():
    def sigmoid_is_sigmoid(x: Real):
        """The sigmoid equals itself."""
        return sigmoid(x) == sigmoid(x)

    assert "nothing left to check" in refusal(sigmoid_is_sigmoid)


def test_a_chained_comparison_is_refused():
    def sigmoid_lies_between(x: Real):
        """The sigmoid lies between 0 and 1."""
        return 0 <= sigmoid(x) <= 1

    assert "one relation a claim" in refusal(sigmoid_lies_between)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(lambda x: sigmoid(x), id="expression"),
        pytest.param(lambda x: Ne(sigmoid(x), 2), id="inequation"),
        pytest.param(lambda x: None, id="nothing"),
    ],
)
def test_a_body_that_states_no_relation_is_refused(value):
    def says_nothing(x: Real):
        """Nothing is said."""
        return value(x)

    assert "return a relation" in refusal(says_nothing)


def test_a_second_claim_of_a_name_is_refused_with_the_place_of_the_first():
    def sigmoid_slope_is_positive(x: Real):
        """The sigmoid rises."""
        return sigmoid(x) > 0

    message = refusal(sigmoid_slope_is_positive)
    assert "activations.py:" in message
    assert "rename one of them" in message


def test_a_misspelt_head_is_refused_with_the_nearest_name():
    def typo(x: Real):
        """A head is misspelt."""
        return sigmod(x) > 0  # type: ignore[name-defined]  # noqa: F821

    assert "unknown head sigmod (did you mean sigmoid?)" in refusal(typo)


def test_an_undefined_function_of_sympy_is_refused():
    def unheard_of(x: Real):
        """A head that nobody defined."""
        return Function("sigmoyd")(x) > 0

    assert "unknown head sigmoyd (did you mean sigmoid?)" in refusal(unheard_of)


def test_a_function_that_is_no_head_is_refused():
    class homemade(Function):  # noqa: N801
        pass

    def made_at_home(x: Real):
        """A function of one's own."""
        return homemade(x) > 0

    assert "homemade is no head; derive it from theory.head.Head" in refusal(made_at_home)


@pytest.mark.parametrize("docstring", [None, "", "   \n   "])
def test_a_claim_without_a_docstring_is_refused(docstring):
    def unsaid(x: Real):
        return sigmoid(x) > 0

    unsaid.__doc__ = docstring
    assert "no docstring" in refusal(unsaid)


@pytest.mark.parametrize("source", [None, (), "CV 1", ("CV 1",), 7])
def test_a_claim_without_a_source_is_refused(source):
    def unsourced(x: Real):
        """The sigmoid is positive."""
        return sigmoid(x) > 0

    assert "no source; write @claim(source=" in refusal(unsourced, source=source)


def test_an_unbound_symbol_is_refused():
    def loose(x: Real):
        """The sigmoid lies below an unknown number."""
        return sigmoid(x) <= Symbol("t")

    assert "unbound symbol t; add it to the signature" in refusal(loose)


def test_an_index_that_nothing_binds_is_refused():
    def loose(x: Real, w: Weights):
        """A weight of no layer in particular."""
        return sigmoid(x) <= w[Symbol("j")]

    assert "unbound symbol j" in refusal(loose)


def test_a_second_symbol_of_a_parameters_name_is_refused():
    def twins(x: Real):
        """The sigmoid lies below x."""
        return sigmoid(x) <= Symbol("x")

    assert "there is a second symbol x" in refusal(twins)


def test_a_parameter_that_the_formula_does_not_use_is_refused():
    def idle(x: Real, k: Positive):
        """The sigmoid is positive whatever k."""
        return sigmoid(x) > k - k

    assert "k is in the signature but not in the formula" in refusal(idle)


@pytest.mark.parametrize(("name", "head"), HEADS.items())
def test_every_head_refuses_a_wrong_number_of_arguments_with_its_signature(name, head):
    with pytest.raises(TypeError, match=name) as caught:
        head(*range(len(head.parameters) + 1))
    assert head.signature() in str(caught.value)


def test_a_head_with_too_few_arguments_is_refused_in_a_claim():
    def short(x: Vector):
        """A layer without a bias."""
        return Eq(linear(x, x), x)

    assert "short: linear takes 3 arguments, got 2" in refusal(short)


def test_a_parameter_without_a_domain_is_refused():
    def bare(x):
        """The sigmoid is positive."""
        return sigmoid(x) > 0

    assert "write x: Real" in refusal(bare)


@pytest.mark.parametrize("annotation", [float, "int", int | float, 3])
def test_an_annotation_that_is_no_domain_is_refused(annotation):
    def bare(x):
        """The sigmoid is positive."""
        return sigmoid(x) > 0

    bare.__annotations__["x"] = annotation
    assert "write x: Real" in refusal(bare)


def test_an_annotation_that_is_written_as_text_is_read():
    def spelt_out(x: "Real"):
        """The sigmoid is positive."""
        return sigmoid(x) > 0

    assert type(claim(source=NOTES)(spelt_out).variables["x"]) is Real


def test_a_misspelt_domain_is_refused_with_the_nearest_name():
    def typo(x: "Reel"):  # type: ignore[name-defined]  # noqa: F821
        """The sigmoid is positive."""
        return sigmoid(x) > 0

    assert "unknown domain Reel (did you mean Real?)" in refusal(typo)


def test_a_parameter_that_gathers_several_is_refused():
    def many(*x: Real):
        """The sigmoid is positive."""
        return sigmoid(x[0]) > 0

    assert "write x: Real, or Weights" in refusal(many)


def test_a_point_of_contact_names_the_claims_variables():
    def at_zero(x: Real):
        """The sigmoid is at most 1."""
        return sigmoid(x) <= 1

    assert "y is no variable of this claim" in refusal(at_zero, attained_at={"y": 0})


def test_a_counterexample_gives_every_variable_a_value():
    def false(x: Real, k: Positive):
        """The sigmoid lies above k."""
        return sigmoid(x) > k

    with pytest.raises(ClaimError, match="says nothing of k"):
        refuted(source=NOTES, by={"x": 0}, instead="sigmoid_slope_is_positive")(false)


# -- links ----------------------------------------------------------------------------------------


def entered(corrects=(), instead="true_twin"):
    """A true claim and a refuted one, linked as told."""

    @claim(source=NOTES, corrects=corrects)
    def true_twin(x: Real):
        """The sigmoid is positive."""
        return sigmoid(x) > 0

    @refuted(source=NOTES, by={"x": 0}, instead=instead)
    def false_twin(x: Real):
        """The sigmoid is above one half."""
        return sigmoid(x) > 1

    return [*CLAIMS, true_twin, false_twin]


def test_what_no_number_can_break_is_not_refuted():
    def relu_is_lost_on_the_right(x: Real):
        """ReLU vanishes on both sides."""
        return Limits(relu(x), x, 0, 0)

    with pytest.raises(ClaimError, match="none is a counterexample to Limits"):
        refuted(source=NOTES, by={"x": 1}, instead="true_twin")(relu_is_lost_on_the_right)


def test_the_book_links_both_ways():
    check_links(CLAIMS)


def test_claims_that_name_each_other_are_linked():
    check_links(entered(corrects="false_twin"))


def test_one_true_claim_can_correct_several():
    claims = entered(corrects=("false_twin", "falser_twin"))

    @refuted(source=NOTES, by={"x": 0}, instead="true_twin")
    def falser_twin(x: Real):
        """The sigmoid is above two."""
        return sigmoid(x) > 2

    check_links([*claims, falser_twin])


@pytest.mark.parametrize(
    ("corrects", "instead", "message"),
    [
        ((), "true_twin", r"true_twin does not link back; write corrects='false_twin' there"),
        ("false_twin", "true_twins", r"'true_twins' names no claim \(did you mean true_twin\?\)"),
        ("fals_twin", "true_twin", r"'fals_twin' names no claim \(did you mean false_twin\?\)"),
        ("false_twin", "false_twin", "names a refuted claim; name the true twin"),
        (
            ("false_twin", "sigmoid_slope_is_positive"),
            "true_twin",
            "sigmoid_slope_is_positive does not link back",
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_refused(corrects, instead, message):
    with pytest.raises(ClaimError, match=message):
        check_links(entered(corrects, instead))
