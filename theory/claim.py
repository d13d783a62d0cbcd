"""A claim: a true sentence as a name, one formula, where it is said, and what it ranges over."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from sympy import Basic, Float, Gt, Lt, Ne, sympify
from sympy.core.function import AppliedUndef, Function
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from theory import calculus, heads
from theory.calculus import (
    Expectation,
    FormatConstant,
    Identical,
    Iff,
    Limits,
    PassesNaN,
    Slope,
    Time,
)
from theory.domains import Domain, is_within
from theory.head import Head
from theory.heads import Elementwise
from theory.kind import Kind, kind_of
from theory.measures import Measure, Probability, form_of
from theory.sources import Citation


class Standing(Enum):
    """What a claim says of itself."""

    TRUE = "claimed true"
    REFUTED = "false as a document prints it"


class ClaimError(ValueError):
    """A claim that cannot stand as written; the message says what to write instead."""


@dataclass(frozen=True, eq=False)
class Claim:
    """One statement about gradients, written once.

    `variables` maps each name of the signature to its symbol, whose class is its domain.
    `attained_at` is a point where an inequality holds with equality. `witnesses` are the
    counterexamples of a refuted claim, `instead` names its true twin and `corrects` links back to
    every refuted claim that this one is the true twin of.
    """

    name: str
    statement: str
    formula: Basic
    variables: Mapping[str, Any]
    sources: tuple[Citation, ...]
    chapter: str
    standing: Standing
    where: str
    attained_at: Mapping[str, Any] | None = None
    witnesses: tuple[Mapping[str, Any], ...] = ()
    instead: str | None = None
    corrects: tuple[str, ...] = ()

    @cached_property
    def heads(self) -> frozenset[str]:
        """The names of the implementation's functions that the formula uses."""
        names = {type(head).__name__ for head in _heads_that_run(self.formula)}
        if self.formula.atoms(calculus.Apply):
            names |= SMOOTH_MAP_HEADS
        return frozenset(names)

    @cached_property
    def kind(self) -> Kind:
        """What it takes to be sure of the claim."""
        return kind_of(self.formula, refuted=self.standing is Standing.REFUTED)

    @cached_property
    def is_statistical(self) -> bool:
        """Whether the claim is about a mean over random draws."""
        return bool(self.formula.atoms(Expectation))

    @cached_property
    def is_measured(self) -> bool:
        """Whether the claim is about runs of networks: it has one cell, and no proof."""
        return bool(self.formula.atoms(Measure))

    @cached_property
    def is_timed(self) -> bool:
        """Whether the claim compares times: only `check --costs` judges it, and no proof can."""
        return bool(self.formula.atoms(Time))

    @cached_property
    def is_of_nan(self) -> bool:
        """Whether the claim is about NaN, which is no real number: no proof can judge it."""
        return isinstance(self.formula, PassesNaN)

    @cached_property
    def is_of_infinities(self) -> bool:
        """Whether the claim is about limits, at which the formats have numbers of their own."""
        return isinstance(self.formula, Limits)

    @cached_property
    def trains(self) -> bool:
        """Whether judging the claim takes training runs."""
        return any(measure.mark is Kind.E for measure in self.formula.atoms(Measure))


# A smooth map f(x) = tanh(linear(x)) is made of these, by every implementation.
SMOOTH_MAP_HEADS = frozenset({"linear", "tanh"})

REGISTRY: dict[str, Claim] = {}

Formula = Callable[..., Any]


@contextmanager
def apart() -> Iterator[dict[str, Claim]]:
    """A scratch registry: it starts as the book, and what is entered in it is gone afterwards."""
    import theory.book  # noqa: F401  # a chapter that was first imported in here would be lost

    kept = dict(REGISTRY)
    try:
        yield REGISTRY
    finally:
        REGISTRY.clear()
        REGISTRY.update(kept)


def claim(
    *,
    source: Citation | Sequence[Citation] | None = None,
    attained_at: Mapping[str, Any] | None = None,
    corrects: str | Sequence[str] = (),
) -> Callable[[Formula], Claim]:
    """Enter a true statement in the book.

    The function's name is the claim's ID, its docstring the printed line, its annotations the
    domains of the variables and its value the formula. `corrects` names the refuted claims whose
    true twin this is. Raises ClaimError.
    """
    twins = (corrects,) if isinstance(corrects, str) else tuple(corrects)

    def enter(function: Formula) -> Claim:
        return _enter(function, source, Standing.TRUE, attained_at=attained_at, corrects=twins)

    return enter


def refuted(
    *,
    source: Citation | Sequence[Citation] | None = None,
    by: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    instead: str,
) -> Callable[[Formula], Claim]:
    """Enter a statement as a document prints it, with the counterexamples that refute it.

    `by` gives a value for every variable (one value for all layers of an indexed one), or several
    such counterexamples; `instead` names the true twin. Raises ClaimError.
    """
    witnesses = (by,) if isinstance(by, Mapping) else tuple(by)

    def enter(function: Formula) -> Claim:
        return _enter(function, source, Standing.REFUTED, witnesses=witnesses, instead=instead)

    return enter


def check_links(claims: Iterable[Claim]) -> None:
    """Every `instead` names a true claim whose `corrects` names it back, and the other way round.

    Raises ClaimError.
    """
    book = {entry.name: entry for entry in claims}
    twins = [(entry, "instead", entry.instead) for entry in book.values() if entry.instead]
    twins += [(entry, "corrects", name) for entry in book.values() for name in entry.corrects]
    for entry, link, name in twins:
        if name not in book:
            raise ClaimError(
                f"{entry.name}: {link}={name!r} names no claim{_hint(name, book)}; "
                "write the name of a claim of the book"
            )
        if link == "instead" and book[name].standing is Standing.REFUTED:
            raise ClaimError(
                f"{entry.name}: instead={name!r} names a refuted claim; name the true twin"
            )
    for entry, link, name in twins:
        answer = "corrects" if link == "instead" else "instead"
        back = book[name].corrects if link == "instead" else (book[name].instead,)
        if entry.name not in back:
            raise ClaimError(
                f"{entry.name}: {link}={name!r}, but {name} does not link back; "
                f"write {answer}={entry.name!r} there"
            )


def _heads_that_run(formula: Basic) -> Iterator[Basic]:
    """The implementation's heads of a formula, without those whose exact values it states."""
    parts = formula.args
    if isinstance(formula, calculus.Exactly):
        parts = formula.args[0].args
    elif isinstance(formula, heads.ImplementationHead):
        yield formula
    for part in parts:
        yield from _heads_that_run(part)


def _enter(function: Formula, source: Any, standing: Standing, **links: Any) -> Claim:
    name = function.__name__
    if name in REGISTRY:
        other = REGISTRY[name].where
        raise ClaimError(f"{name}: there is a claim of this name in {other}; rename one of them")
    statement = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ").strip()
    if not statement:
        raise ClaimError(f"{name}: no docstring; write the statement as one sentence below the def")
    sources = tuple(source) if isinstance(source, list | tuple) else (source,)
    if not sources or not all(isinstance(place, Citation) for place in sources):
        raise ClaimError(
            f"{name}: no source; write @claim(source=CV.section('1')) with a document of "
            "theory.sources or one of your own: Document('Notes', 'My notes').section('1')"
        )
    variables = _variables(name, function)
    formula = _formula(name, function, variables)
    _refuse_unless_open(name, formula)
    _refuse_unknown_heads(name, formula)
    _refuse_unbound(name, formula, variables)
    _refuse_unmeasurable(name, formula)
    _refuse_untimeable(name, formula)
    _refuse_points(name, variables, **links)
    _refuse_without_infinities(name, formula)
    if links.get("witnesses") and isinstance(formula, Limits | PassesNaN):
        raise ClaimError(
            f"{name}: no number is NaN or infinite, and so none is a counterexample to "
            f"{type(formula).__name__}; state what is true under @claim"
        )
    code = function.__code__
    entry = Claim(
        name=name,
        statement=statement,
        formula=formula,
        variables=variables,
        sources=sources,
        chapter=function.__module__.rpartition(".")[2],
        standing=standing,
        where=f"{code.co_filename}:{code.co_firstlineno}",
        **links,
    )
    REGISTRY[name] = entry
    return entry


def _variables(name: str, function: Formula) -> dict[str, Any]:
    """One symbol for each parameter, made by the domain that annotates it."""
    try:
        parameters = inspect.signature(function, eval_str=True).parameters.values()
    except NameError as error:
        raise ClaimError(
            f"{name}: unknown domain {error.name}{_hint(error.name, _names_of(Domain))}; "
            "use a class of theory.domains, or a subclass of one"
        ) from error
    variables = {}
    for parameter in parameters:
        domain = parameter.annotation
        if not (isinstance(domain, type) and issubclass(domain, Domain)):
            raise ClaimError(
                f"{name}: {parameter.name} needs a domain; write {parameter.name}: Real, or "
                "another class of theory.domains"
            )
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            raise ClaimError(
                f"{name}: {parameter} is no single variable; write {parameter.name}: "
                f"{domain.__name__}, or Weights for one number a layer"
            )
        variables[parameter.name] = domain(parameter.name)  # type: ignore[call-arg]  # a symbol
    return variables


def _formula(name: str, function: Formula, variables: Mapping[str, Any]) -> Any:
    """What the body says, with the commonest slips of the pen named."""
    try:
        return function(**variables)
    except NameError as error:
        raise ClaimError(
            f"{name}: unknown head {error.name}{_hint(error.name, _names_of(Head))}; use one of "
            "theory.heads or theory.calculus (`backproof heads` prints the first)"
        ) from error
    except TypeError as error:
        if "truth value of Relational" in str(error):
            raise ClaimError(
                f"{name}: the formula asks whether a relation is true, as a <= b <= c and `if` do; "
                "state one relation a claim"
            ) from error
        raise ClaimError(f"{name}: {error}") from error


def _hint(name: str | None, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name or "", list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _names_of(kind: Any) -> list[str]:
    below = [name for subclass in kind.__subclasses__() for name in _names_of(subclass)]
    return [kind.__name__, *below]


def _refuse_unless_open(name: str, formula: Any) -> None:
    if isinstance(formula, bool | BooleanTrue | BooleanFalse):
        raise ClaimError(
            f"{name}: SymPy decided the formula to {formula} while it was built, so there is "
            "nothing left to check; put what is computed under a head, such as Computed(x*x) >= 0"
        )
    relations = Relational | Iff | Identical | Limits | PassesNaN
    if not isinstance(formula, relations) or isinstance(formula, Ne):
        raise ClaimError(
            f"{name}: the body returns {type(formula).__name__}; return a relation: "
            "Eq(left, right), left <= right, left > right, Iff(p, q), Identical(left, right), "
            "Limits(y, x, left, right) or PassesNaN(y, x)"
        )


def _refuse_unknown_heads(name: str, formula: Basic) -> None:
    for applied in formula.atoms(AppliedUndef):
        raise ClaimError(
            f"{name}: unknown head {applied.func}{_hint(str(applied.func), _names_of(Head))}; use "
            "one of theory.heads or theory.calculus (`backproof heads` prints the first), or a "
            "variable x: SmoothMap"
        )
    for function in formula.atoms(Function):
        if isinstance(function, Head) or type(function).__module__.startswith("sympy."):
            continue
        raise ClaimError(
            f"{name}: {type(function).__name__} is no head; derive it from theory.head.Head"
        )


def _refuse_unbound(name: str, formula: Any, variables: Mapping[str, Any]) -> None:
    known = set(variables.values()) | {
        label for symbol in variables.values() for label in getattr(symbol, "free_symbols", ())
    }
    free = {
        symbol
        for symbol in formula.free_symbols
        if symbol not in known
        and not isinstance(symbol, FormatConstant)
        and getattr(symbol, "base", None) not in known
    }
    if twins := sorted({str(symbol) for symbol in free} & set(variables)):
        raise ClaimError(
            f"{name}: there is a second symbol {', '.join(twins)} with other assumptions than the "
            "signature's; use the parameter itself"
        )
    if free:
        names = ", ".join(sorted(map(str, free)))
        raise ClaimError(
            f"{name}: unbound symbol {names}; add it to the signature with its domain, or bind it "
            "in a Sum, Product or layers(...)"
        )
    unused = [label for label, symbol in variables.items() if not formula.has(symbol)]
    if unused:
        raise ClaimError(
            f"{name}: {', '.join(unused)} is in the signature but not in the formula; leave it "
            "out, or put what SymPy simplified away under a head, such as Computed(x - x)"
        )


def _refuse_unmeasurable(name: str, formula: Any) -> None:
    if not formula.atoms(Measure, Probability):
        return
    try:
        form_of(formula)
    except TypeError as error:
        raise ClaimError(f"{name}: {error}") from error
    if not formula.atoms(Measure):
        raise ClaimError(
            f"{name}: the event measures nothing; put a head of theory.measures into it"
        )


def _refuse_untimeable(name: str, formula: Any) -> None:
    if not formula.atoms(Time):
        return
    if not isinstance(formula, Lt | Gt) or not all(isinstance(side, Time) for side in formula.args):
        raise ClaimError(
            f"{name}: a time is compared with another one and with nothing else; write "
            "Time(relu(x)) < Time(sigmoid(x))"
        )


def _refuse_without_infinities(name: str, formula: Any) -> None:
    """A limit is that of one head, or its slope, at a real number that may be anything."""
    if not isinstance(formula, Limits):
        return
    y, x, *limits = formula.args
    inner = y.args[0] if isinstance(y, Slope) else y
    if getattr(x, "form", "") != "entries" or x.low is not None or x.high is not None:
        raise ClaimError(f"{name}: {x} is not free to go anywhere; make it a Real")
    if not isinstance(inner, Elementwise) or inner.args[0] != x or inner.atoms(Head) != {inner}:
        raise ClaimError(
            f"{name}: a limit is that of one activation of {x}, or of its Slope; write "
            f"Limits(relu({x}), {x}, 0, oo)"
        )
    if any(
        limit.atoms(Float, Head) or not getattr(limit, "is_extended_real", False)
        for limit in limits
    ):
        raise ClaimError(
            f"{name}: a limit is a number, such as Rational(1, 2) or one made of parameters, "
            "-oo or oo"
        )


def _refuse_points(
    name: str,
    variables: Mapping[str, Any],
    attained_at: Mapping[str, Any] | None = None,
    witnesses: Sequence[Mapping[str, Any]] = (),
    **_: Any,
) -> None:
    for point in (attained_at or {}, *witnesses):
        if unknown := set(point) - set(variables):
            raise ClaimError(f"{name}: {', '.join(sorted(unknown))} is no variable of this claim")
    for point in witnesses:
        # What is random is averaged over and has no value.
        random = {name for name, symbol in variables.items() if symbol.form in {"seed", "draws"}}
        if missing := set(variables) - set(point) - random:
            raise ClaimError(
                f"{name}: the counterexample says nothing of {', '.join(sorted(missing))}; "
                "give every variable a value in by={...}"
            )
        for variable, value in point.items():
            symbol = variables[variable]
            if symbol.form in {"number", "entries"} and not is_within(
                symbol, sympify(value), sympify
            ):
                raise ClaimError(
                    f"{name}: {variable} = {value} is no {type(symbol).__name__}; "
                    "give a counterexample that the claim speaks of"
                )
