"""From a claim to a program: the one interpreter of formulas.

Lowering takes the numbers of an example (depth, slopes, eps: exact rationals) and unrolls the
formula for them. Numbers are folded exactly on the way, so that a²·eps reaches every implementation
as the same Python float. Equal sub-expressions become one node, which is what lets a formula
differentiate a cost by an inner activation that it only mentions again.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any

from sympy import (
    Abs,
    Add,
    Eq,
    Ge,
    Gt,
    Indexed,
    Le,
    Lt,
    Mul,
    NumberSymbol,
    Pow,
    Product,
    Rational,
    Sum,
    Symbol,
    erf,
    exp,
    log,
    sign,
)

from checks.operations import exactly, function_of
from checks.program import Argument, ClosedForm, Derivative, Key, Node, Program, Relation
from checks.recent import Recent
from checks.rules import RULES
from theory import calculus
from theory.claim import Claim
from theory.domains import Domain, SmoothMap
from theory.head import Head
from theory.heads import ImplementationHead, Output, Several

Environment = dict[Any, Argument]
Numbers = Mapping[str, Argument]
Nodes = dict[tuple[Any, ...], int]


class LoweringError(ValueError):
    """A formula that cannot be run; the message says which part and what to write instead."""


_RELATIONS = {
    Eq: Relation.EQUAL,
    Le: Relation.AT_MOST,
    Lt: Relation.BELOW,
    calculus.Iff: Relation.IFF,
    calculus.Identical: Relation.IDENTICAL,
    calculus.PassesNaN: Relation.PASSES_NAN,
    calculus.SpreadsNaN: Relation.SPREADS_NAN,
    calculus.Limits: Relation.LIMITS,
}
_DERIVATIVES = {
    calculus.Slope: Derivative.SLOPE,
    calculus.Gradient: Derivative.GRADIENT,
    calculus.Jacobian: Derivative.JACOBIAN,
}
_FUNCTIONS = {
    Abs: "abs",
    sign: "sign",
    exp: "exp",
    log: "log",
    calculus.Dot: "dot",
    calculus.Transpose: "transpose",
    calculus.Diagonal: "diagonal",
    calculus.Identity: "identity",
    calculus.Norm: "norm",
    calculus.LargestSingularValue: "largest_singular_value",
    calculus.SmallestSingularValue: "smallest_singular_value",
    calculus.Part: "part",
    calculus.Total: "total",
    calculus.ColumnTotal: "column_total",
    calculus.ColumnMean: "column_mean",
    calculus.ColumnVariance: "column_variance",
    calculus.Rows: "rows",
    calculus.CountBeyond: "count_beyond",
    calculus.Trace: "trace",
    calculus.SecondMoment: "second_moment",
    calculus.Larger: "larger",
}


def lower(claim: Claim, numbers: Numbers) -> Program:
    """Unroll a claim for the given depths and parameters. Raises LoweringError.

    The same program each time, so that what is known of it is known to all implementations.
    """
    # With its claim, lest another one be built in the same place.
    _, program = _PROGRAMS.of(
        (id(claim), frozenset(numbers.items())),
        lambda: (claim, _Lowering(claim, numbers).program()),
    )
    return program


_PROGRAMS: Recent[tuple[Claim, Program]] = Recent(32)


class _Lowering:
    def __init__(self, claim: Claim, numbers: Numbers) -> None:
        self.claim = claim
        self.top: Environment = {
            symbol: numbers[name] for name, symbol in claim.variables.items() if name in numbers
        }
        self.network_nodes: Nodes = {}
        self.statement_nodes: Nodes = {}
        self.iterates: dict[Any, list[Argument]] = {}

    def program(self) -> Program:
        formula = self.claim.formula
        if isinstance(formula, Ge | Gt):
            formula = formula.reversed
        left, right = (self.side(side) for side in formula.args[:2])
        program = Program(
            tuple(node for node, *_ in self.network_nodes),
            tuple(node for node, *_ in self.statement_nodes),
            left,
            right,
            _RELATIONS[type(formula)],
            self.limits() if isinstance(formula, calculus.Limits) else None,
        )
        if program.relation is Relation.IDENTICAL and not program.stored_sides:
            raise LoweringError(
                f"{self.claim.name}: Identical compares stored bits, and one side is arithmetic or "
                "a number; put it under Computed(...), a head or a derivative"
            )
        self._refuse_unplantable(program)
        self._refuse_without_backward(program)
        return program

    def _refuse_unplantable(self, program: Program) -> None:
        """Where NaN is put in, it goes into a variable and comes out of a head, or comes back."""
        claim, found = self.claim, program.value_and_source
        name = type(claim.formula).__name__
        if claim.is_of_nan and found is None:
            raise LoweringError(
                f"{claim.name}: {name}(y, x) takes what a head computes or a derivative, and a "
                f"variable; write {name}(relu(x), x)"
            )

    def _refuse_without_backward(self, program: Program) -> None:
        for derivative in program.derivatives:
            y, x = derivative.parents
            reached = set(program.ancestors(y))
            for node in (program.network[index] for index in reached if x in reached):
                rule = RULES.get(node.operation)
                if rule and rule.backward is None and reached & set(node.parents):
                    raise LoweringError(
                        f"{self.claim.name}: {function_of(node.operation)} has no backward pass, "
                        "and the claim differentiates through it; state the claim of its values"
                    )

    def side(self, expression: Any) -> int:
        """One side of the relation; a side of an Iff is an inequality, read as right − left."""
        if isinstance(expression, Ge | Gt):
            expression = expression.reversed
        if isinstance(expression, Lt | Le):
            left, right = (self.statement(part, self.top) for part in expression.args)
            strict = "positive" if isinstance(expression, Lt) else "nonnegative"
            return self.say(strict, self.say("add", right, self.say("mul", left, Fraction(-1))))
        return self.say("value", self.statement(expression, self.top))

    def limits(self) -> tuple[float, float]:
        """What a value tends to at either end: a number of the example, or an infinity."""
        left, right = (
            float(limit) if limit.is_infinite else self.number(limit, self.top)
            for limit in self.claim.formula.args[2:]
        )
        if left is None or right is None:
            raise LoweringError(
                f"{self.claim.name}: a limit is a fraction, -oo or oo; write "
                "Limits(relu(x), x, 0, oo)"
            )
        return float(left), float(right)

    # -- numbers ------------------------------------------------------------------------------

    def number(self, expression: Any, env: Environment) -> Fraction | None:
        """The exact value of an expression made of numbers alone, or None."""
        if expression.is_Rational:
            return Fraction(int(expression.p), int(expression.q))
        if expression in env:
            value = env[expression]
            return value if isinstance(value, Fraction) else None
        if isinstance(expression, calculus.FanIn | calculus.FanOut):
            return self.fan(expression, env)
        if isinstance(expression, Add | Mul):
            parts = [self.number(part, env) for part in expression.args]
            if any(part is None for part in parts):
                return None
            total = Fraction(isinstance(expression, Mul))
            for part in parts:
                total = total * part if isinstance(expression, Mul) else total + part  # type: ignore[operator]  # no None here
            return total
        if isinstance(expression, Pow):
            base, exponent = (self.number(part, env) for part in expression.args)
            if base is not None and exponent is not None and exponent.denominator == 1:
                if base == 0 and exponent < 0:
                    raise LoweringError(
                        f"{self.claim.name}: {expression} divides by zero for this example; give "
                        "the variable a domain without 0, such as Positive"
                    )
                return base ** int(exponent)
        return None

    def fan(self, expression: Any, env: Environment) -> Fraction:
        """How many inputs or outputs of a layer a weight of a given shape connects."""
        shape = env.get(expression.args[0])
        if not isinstance(shape, tuple):
            raise LoweringError(f"{self.claim.name}: {expression} counts; write it of a Shape")
        channels = shape[1 if isinstance(expression, calculus.FanIn) else 0]
        return Fraction(channels * prod(shape[2:]))

    def closed_form(self, expression: Any, env: Environment) -> Any:
        """A number that is written with pi, e or erf and is no fraction, or None."""
        if not expression.has(NumberSymbol, erf):
            return None
        leaves = expression.atoms(Symbol, calculus.FanIn, calculus.FanOut)
        numbers = {leaf: self.number(leaf, env) for leaf in leaves}
        if None in numbers.values():
            return None
        closed = expression.xreplace({leaf: Rational(n) for leaf, n in numbers.items()})
        return closed if closed.is_number and closed.is_real and not closed.has(Head) else None

    def whole(self, expression: Any, env: Environment) -> int:
        value = self.number(expression, env)
        if value is None or value.denominator != 1:
            raise LoweringError(
                f"{self.claim.name}: {expression} is no whole number for this example; indices and "
                "depths are built from Depth variables and whole numbers"
            )
        return int(value)

    # -- network ------------------------------------------------------------------------------

    def run(self, operation: str, *arguments: Argument, key: Key | None = None) -> int:
        return _enter(self.network_nodes, Node(operation, arguments, key))

    def network(self, expression: Any, env: Environment) -> Argument:
        """What the implementation computes for an expression: a node, or a number."""
        if (value := self.number(expression, env)) is not None:
            return value
        if expression in env:
            return env[expression]
        if isinstance(expression, Domain | Indexed):
            return self.run("input", key=self.key(expression, env))
        if isinstance(expression, Add | Mul):
            operation = "add" if isinstance(expression, Add) else "mul"
            return self.fold(operation, [self.network(part, env) for part in expression.args])
        if isinstance(expression, Pow):
            exponent = self.whole(expression.exp, env)
            return self.run("raise", self.network(expression.base, env), Fraction(exponent))
        if isinstance(expression, Sum | Product):
            terms = [
                self.network(expression.function, inner) for inner in self.indexed(expression, env)
            ]
            if not terms:
                return Fraction(isinstance(expression, Product))
            return self.fold("add" if isinstance(expression, Sum) else "mul", terms)
        if isinstance(expression, calculus.Iterated):
            return self.iterate(expression, env)
        if isinstance(expression, calculus.Apply):
            return self.apply(expression, env)
        if isinstance(expression, calculus.Constant):
            return self.run("constant", self.constant(expression, env))
        if isinstance(expression, calculus.Total):
            return self.run("total", self.network(expression.args[0], env))
        if isinstance(expression, calculus.FreshState):
            return self.run("fresh_state", self.network(expression.args[0], env))
        if isinstance(expression, calculus.Zeros):
            return self.run("zeros", self.network(expression.args[0], env))
        if isinstance(expression, calculus.Joined):
            return self.run("joined", self.network(expression.args[0], env))
        if isinstance(expression, ImplementationHead):
            return self.head(expression, env)
        if isinstance(expression, Output):
            function, name = expression.args
            return self.head(function, env, output=str(name))
        raise LoweringError(
            f"{self.claim.name}: {expression} cannot be run by an implementation; use a head of "
            "theory.heads, or move it out of the derivative"
        )

    def head(self, expression: Any, env: Environment, output: str = "") -> int:
        function = type(expression).__name__
        if isinstance(expression, Several) and not output:
            raise LoweringError(
                f"{self.claim.name}: {function} has several outputs; take it apart first, as in "
                f"{', '.join(expression.outputs)} = {type(expression).signature()}"
            )
        arguments = [self.network(part, env) for part in expression.args]
        for name, argument in zip(expression.parameters, arguments, strict=True):
            if isinstance(argument, Fraction) and name not in expression.numbers:
                raise LoweringError(
                    f"{self.claim.name}: {function} takes an array as its {name}, "
                    f"and {argument} is a number; make it a Real or another array domain"
                )
        return self.run(f"{function}.{output}" if output else function, *arguments)

    def constant(self, expression: Any, env: Environment) -> Fraction:
        value = self.number(expression.args[0], env)
        if value is None:
            raise LoweringError(
                f"{self.claim.name}: {expression} is no number; write Constant(Rational(3, 2))"
            )
        return value

    def fold(self, operation: str, parts: list[Argument]) -> Argument:
        """A sum or product as a chain of two-argument operations, numbers first.

        Sorted, because SymPy orders factors by name: the same product written twice is one node.
        """
        parts.sort(key=lambda part: (isinstance(part, int), part))
        result = parts[0]
        for part in parts[1:]:
            if isinstance(result, Fraction) and isinstance(part, Fraction):
                result = result + part if operation == "add" else result * part
            else:
                result = self.run(operation, result, part)
        return result

    def indexed(self, expression: Any, env: Environment) -> list[Environment]:
        """One environment for each value of a Sum's or Product's index."""
        ((index, first, last),) = expression.limits
        span = range(self.whole(first, env), self.whole(last, env) + 1)
        return [{**env, index: Fraction(value)} for value in span]

    def iterate(self, expression: Any, env: Environment) -> Argument:
        body, h, layer, start, count = expression.args
        first = self.network(start, env)
        if isinstance(first, Fraction):  # a number at the start is the network's first value
            first = self.run("constant", first)
        # A recursion means another one where an index or an outer recursion binds its symbols.
        bound = {s: env[s] for s in env.keys() - self.top.keys() if body.has(s)}
        outputs = self.iterates.setdefault((body, first, *bound.items()), [first])
        depth = self.whole(count, env)
        if depth < 0:  # as an index it would count from the other end
            raise LoweringError(
                f"{self.claim.name}: a network of {count} layers has {depth} of them for this "
                "example; start the index where the count is at least 0"
            )
        while len(outputs) <= depth:
            inner = {**env, h: outputs[-1], layer: Fraction(len(outputs))}
            outputs.append(self.network(body, inner))
        return outputs[depth]

    def apply(self, expression: Any, env: Environment) -> int:
        """A smooth map: tanh of an affine map, with weights of its own for each layer."""
        f, *layer, x = expression.args
        index = self.whole(layer[0], env) if layer else 0
        weight, bias = (
            self.run("input", key=(f"{f.name}.{part}", index)) for part in ("weight", "bias")
        )
        return self.run("tanh", self.run("linear", self.network(x, env), weight, bias))

    def key(self, expression: Any, env: Environment) -> Key:
        if isinstance(expression, Indexed):
            return expression.base.name, self.whole(expression.indices[0], env)
        if isinstance(expression, SmoothMap):
            raise LoweringError(f"{self.claim.name}: write {expression}(x), a map applied to a row")
        return expression.name, 0

    # -- statement ----------------------------------------------------------------------------

    def say(
        self,
        operation: str,
        *arguments: Argument,
        key: Key | None = None,
        derivative: Derivative | None = None,
    ) -> int:
        return _enter(self.statement_nodes, Node(operation, arguments, key, derivative))

    def statement(self, expression: Any, env: Environment) -> Argument:
        """What the statement says, evaluated exactly: a node, or a number."""
        if (value := self.number(expression, env)) is not None:
            return value
        if (closed := self.closed_form(expression, env)) is not None:
            return self.say("closed form", ClosedForm(closed))
        if isinstance(expression, calculus.FormatConstant):
            return self.say(f"constant {expression.name}")
        if type(expression) in _DERIVATIVES:
            y, x = (self.network(part, env) for part in expression.args)
            if isinstance(y, Fraction) or isinstance(x, Fraction):
                raise LoweringError(
                    f"{self.claim.name}: {expression} differentiates a number or by one; only "
                    "arrays have gradients, so make it a Real, Weights or another array domain"
                )
            return self.say("derivative", y, x, derivative=_DERIVATIVES[type(expression)])
        if isinstance(expression, calculus.Computed):
            return self.say("observe", self.network(expression.args[0], env))
        if isinstance(expression, ImplementationHead | Output | calculus.Apply | calculus.Iterated):
            return self.say("observe", self.network(expression, env))
        if isinstance(expression, Domain | Indexed):
            return self.say("input", key=self.key(expression, env))
        if isinstance(expression, calculus.Expectation):
            return self.say("expectation", self.statement(expression.args[0], env))
        if isinstance(expression, Add | Mul):
            operation = "add" if isinstance(expression, Add) else "mul"
            return self.combine(operation, [self.statement(part, env) for part in expression.args])
        if isinstance(expression, Pow):
            return self.raised(expression, env)
        if isinstance(expression, Sum | Product):
            terms = [
                self.statement(expression.function, inner)
                for inner in self.indexed(expression, env)
            ]
            if not terms:
                return Fraction(isinstance(expression, Product))
            return self.combine("add" if isinstance(expression, Sum) else "mul", terms)
        if isinstance(expression, calculus.Exactly):
            return self.exactly(expression.args[0], env)
        if isinstance(expression, calculus.OrderedProduct):
            return self.ordered_product(expression, env)
        if isinstance(expression, calculus.SumOverSubsets):
            return self.sum_over_subsets(expression, env)
        if isinstance(expression, calculus.Largest):
            term, (index, first, last) = expression.args
            span = range(self.whole(first, env), self.whole(last, env) + 1)
            values = [self.statement(term, {**env, index: Fraction(value)}) for value in span]
            if not values:
                raise LoweringError(
                    f"{self.claim.name}: {expression} is the largest of nothing for this example; "
                    "start the index where there is at least one term"
                )
            return self.combine("larger", values)
        if type(expression) in _FUNCTIONS:
            arguments = (self.statement(part, env) for part in expression.args)
            return self.say(_FUNCTIONS[type(expression)], *arguments)
        raise LoweringError(
            f"{self.claim.name}: {expression} has no meaning outside the network; put it under "
            "Computed(...) or a head"
        )

    def exactly(self, expression: Any, env: Environment) -> int:
        """A head as its own rule has it, at what the statement says."""
        if not isinstance(expression, ImplementationHead) or isinstance(expression, Several):
            raise LoweringError(
                f"{self.claim.name}: Exactly({expression}) is the value of no head; write "
                "Exactly(sigmoid(z)), or leave Exactly out: a statement is evaluated exactly anyway"
            )
        arguments = (self.statement(part, env) for part in expression.args)
        return self.say(exactly(type(expression).__name__), *arguments)

    def combine(self, operation: str, parts: list[Argument]) -> Argument:
        result = parts[0]
        for part in parts[1:]:
            result = self.say(operation, result, part)
        return result

    def raised(self, expression: Any, env: Environment) -> Argument:
        base = self.statement(expression.base, env)
        if expression.exp == -1:
            return self.say("reciprocal", base)
        exponent = self.number(expression.exp, env)
        if exponent is not None and exponent.denominator == 2:
            base, exponent = self.say("sqrt", base), Fraction(exponent.numerator)
            if exponent == 1:
                return base
            if exponent == -1:
                return self.say("reciprocal", base)
            return self.say("raise", base, exponent)
        return self.say("raise", base, Fraction(self.whole(expression.exp, env)))

    def sum_over_subsets(self, expression: Any, env: Environment) -> Argument:
        """The paths through the first terms, once without the next one and once through it."""
        term, (index, first, last) = expression.args
        paths: list[Argument] = [Fraction(1)]
        for value in range(self.whole(first, env), self.whole(last, env) + 1):
            factor = self.statement(term, {**env, index: Fraction(value)})
            paths += [
                factor if path == 1 else self.combine("mul", [path, factor]) for path in paths
            ]
        return self.combine("add", paths)

    def ordered_product(self, expression: Any, env: Environment) -> Argument:
        term, (index, first, last) = expression.args
        span = range(self.whole(first, env), self.whole(last, env) - 1, -1)
        if not span:
            return Fraction(1)  # times a matrix, a number scales: the empty product is 1
        factors = [self.statement(term, {**env, index: Fraction(value)}) for value in span]
        return self.combine("dot", factors)


def _enter(nodes: Nodes, node: Node) -> int:
    """The index of a node, which is new or as old as its equal."""
    # Fraction(3) == 3: without the types, 3·y would be the same node as node 3 times y.
    return nodes.setdefault((node, *map(type, node.arguments)), len(nodes))
