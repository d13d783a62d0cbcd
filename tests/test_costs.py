"""Claims about times: judged by ratios of one run, exposed by what is wrong, and only when asked.

No test here reads a real clock: arrays count what is done to them, or a clock is made up.
"""

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binom

from checks import cli, costs, ledger, runner
from checks.costs import Plan, judge, median_interval
from checks.formats import FLOAT32, FORMATS
from checks.implementation import Implementation
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.numpy_textbook.widening import wide
from checks.implementations.torch_eager import torch_eager
from checks.lowering import LoweringError
from checks.verdict import Cell, Result, Verdict
from theory.book import CLAIMS, TIMED
from theory.calculus import Slope, Time
from theory.claim import Claim, ClaimError, apart, claim
from theory.domains import Real, Vector
from theory.heads import relu, sigmoid, tanh
from theory.sources import Document

NOTES = Document("Notes", "What we believe of times").section("1")
BOOK = {entry.name: entry for entry in TIMED}
ELU, RELU = "elu_costs_more_than_leaky_relu", "relu_is_cheaper_than_sigmoid"
BOTH = (NUMPY_TEXTBOOK, torch_eager())
FEW = Plan(rounds=21, entries=64, most=64, overhead=1.0)
EACH_FORMAT = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)

# What an entry costs, by the function that is applied to it; anything else costs 1.
PRICES = {"exp": 20, "expm1": 20, "log": 20, "tanh": 20, "power": 20}


class Counter:
    """A clock that goes on by what counted arrays cost."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Counted(np.ndarray):
    """An array with a clock, which every function applied to it sets forward."""

    clock: Counter

    def __array_finalize__(self, origin: Any) -> None:
        self.clock = getattr(origin, "clock", None) or Counter()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [part.view(np.ndarray) if isinstance(part, Counted) else part for part in inputs]
        result = np.asarray(getattr(ufunc, method)(*plain, **options))
        self.clock.now += PRICES.get(ufunc.__name__, 1) * result.size
        return counted(result, self.clock)


def counted(array: Any, clock: Counter) -> Counted:
    view = np.asarray(array).view(Counted)
    view.clock = clock
    return view


def counting(implementation: Implementation, clock: Counter) -> Implementation:
    """The implementation on counted arrays."""

    def on_counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            given = [
                counted(part, clock) if isinstance(part, np.ndarray) else part for part in arguments
            ]
            return function(*given)

        return run

    functions = {name: on_counted(part) for name, part in implementation.functions.items()}
    return implementation.replace(**functions)


def by_counting(name: str, fmt: Any = FLOAT32, **functions: Any) -> Verdict:
    clock = Counter()
    implementation = counting(NUMPY_TEXTBOOK.replace(**functions), clock)
    return judge(BOOK[name], implementation, fmt, clock=clock, plan=FEW).verdict


def stated(formula: Callable[..., Any]) -> Claim:
    formula.__doc__ = "Something is faster."
    with apart():
        return claim(source=NOTES)(formula)


# -- the claims and what exposes them -------------------------------------------------------------


@EACH_FORMAT
@pytest.mark.parametrize("name", BOOK)
def test_a_claim_holds_where_operations_are_counted(name, fmt):
    assert by_counting(name, fmt) is Verdict.HOLDS


def leaky_relu_through_exponentials(x, negative_slope):
    """kx as the logarithm of a power: ln((eˣ)ᵏ), and for good measure there and back again."""
    y = np.log(np.exp(wide(x)) ** negative_slope)
    return np.where(x > 0, np.log(np.exp(wide(x))), y).astype(x.dtype)


def relu_from_a_soft_one(x):
    """ln(1 + e³²ˣ) / 32, twice, the second time in vain."""
    for _ in range(2):
        y = np.log(1 + np.exp(32 * np.minimum(wide(x), 1))) / 32
    return np.maximum(y, x).astype(x.dtype)


def relu_slope_from_logarithms(grad, x, y):
    """The sign of x as a ratio of logarithms."""
    slope = np.log(np.exp(wide(x))) / np.log(np.exp(np.abs(wide(x))))
    return np.where(slope > 0, wide(grad), 0).astype(x.dtype)


MUTANTS = [
    (ELU, {"leaky_relu": leaky_relu_through_exponentials}),
    (RELU, {"relu": relu_from_a_soft_one}),
    (RELU, {"relu_backward": relu_slope_from_logarithms}),
]


@EACH_FORMAT
@pytest.mark.parametrize(("name", "functions"), MUTANTS)
def test_an_implementation_that_takes_the_long_way_is_exposed(name, functions, fmt):
    assert by_counting(name, fmt, **functions) is Verdict.FALSE


def test_every_claim_about_times_kills_a_mutant():
    assert {name for name, _ in MUTANTS} == set(BOOK)


def test_a_derivative_times_both_passes_and_nothing_else_the_forward_pass():
    def forward_only(x: Real):
        return Time(relu(x)) < Time(sigmoid(x))

    clock = Counter()
    slow = NUMPY_TEXTBOOK.replace(relu_backward=relu_slope_from_logarithms)
    result = judge(stated(forward_only), counting(slow, clock), FLOAT32, clock=clock, plan=FEW)
    assert result.verdict is Verdict.HOLDS


# -- the verdict ----------------------------------------------------------------------------------


def made_up(times: Callable[[str], float], plan: Plan = FEW) -> Result:
    """The verdict on relu against sigmoid where their times are made up."""

    def lasting(name: str) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            clock.now += times(name) if x.size > 1 else 1.0
            return x

        return run

    def faster(x: Real):
        return Time(relu(x)) < Time(sigmoid(x))

    clock = Counter()
    implementation = NUMPY_TEXTBOOK.replace(relu=lasting("relu"), sigmoid=lasting("sigmoid"))
    return judge(stated(faster), implementation, FLOAT32, clock=clock, plan=plan)


def test_one_percent_is_seen_through_noise_that_both_share():
    noise = random.Random(1)
    held = made_up(lambda name: (1.0 + 0.01 * (name == "sigmoid")) * noise.uniform(100, 100.5))
    assert held.verdict is Verdict.HOLDS
    assert 1.005 < held.notes["median ratio"] < 1.015
    turned = made_up(lambda name: (1.0 + 0.01 * (name == "relu")) * noise.uniform(100, 100.5))
    assert turned.verdict is Verdict.FALSE


def test_what_takes_equally_long_is_undecided():
    noise = random.Random(1)
    assert made_up(lambda name: noise.uniform(100, 200)).verdict is Verdict.UNDECIDED


def test_an_interruption_of_one_run_in_five_changes_nothing():
    noise = random.Random(1)
    times = {"relu": 100.0, "sigmoid": 110.0}
    found = made_up(lambda name: times[name] + 10_000 * (noise.random() < 0.2))
    assert found.verdict is Verdict.HOLDS


def test_a_claim_stated_the_other_way_round_is_the_same_claim():
    def slower(x: Real):
        return Time(sigmoid(x)) > Time(relu(x))

    clock = Counter()
    result = judge(stated(slower), counting(NUMPY_TEXTBOOK, clock), FLOAT32, clock=clock, plan=FEW)
    assert result.verdict is Verdict.HOLDS


def test_nothing_is_decided_where_the_calls_themselves_take_the_time():
    plan = Plan(rounds=21, entries=64, most=256, overhead=0.05)
    times = {"relu": 10.0, "sigmoid": 30.0}  # where a call takes 1
    found = made_up(lambda name: times[name], plan)
    assert found.verdict is Verdict.UNDECIDED
    assert found.notes["entries"] == 256
    assert found.notes["share of the calls"] == 0.1


def test_arrays_grow_until_the_calls_take_little():
    clock = Counter()
    implementation = counting(NUMPY_TEXTBOOK, clock)
    plan = Plan(rounds=21, entries=4, most=2**20, overhead=0.05)
    result = judge(BOOK[RELU], implementation, FLOAT32, clock=clock, plan=plan)
    assert result.verdict is Verdict.HOLDS
    assert result.notes["entries"] == 32  # an entry costs as much as a call


def test_a_result_is_the_same_on_a_clock_of_another_speed():
    slow, fast = (made_up(lambda name, s=s: s * (2 + (name == "sigmoid"))) for s in (1.0, 64.0))
    for result in (slow, fast):
        assert result.notes.pop("share of the calls")
    assert slow.notes == fast.notes


@pytest.mark.parametrize("count", [15, 21, 101, 201])
def test_the_interval_of_the_median_misses_as_seldom_as_stated(count):
    low, high = median_interval(range(1, count + 1), 1e-3)
    below = int(low) - 1  # so few values below the median, or fewer, put it below the interval
    assert high == count + 1 - low
    assert 2 * binom.cdf(below, count, 0.5) <= 1e-3 < 2 * binom.cdf(below + 1, count, 0.5)


def test_few_rounds_have_no_interval():
    assert median_interval([2.0] * 10, 1e-3) == (-np.inf, np.inf)


# -- what can be timed ----------------------------------------------------------------------------


def test_a_torch_file_is_timed_through_the_backward_passes_that_it_brings():
    called = []

    def backward(grad, x, y):
        called.append(1)
        return grad * y

    own = torch_eager().replace(relu_backward=backward, sigmoid_backward=backward)
    ticks = itertools.count()
    judge(BOOK[RELU], own, FLOAT32, clock=lambda: float(next(ticks)), plan=FEW)
    assert called


@EACH_FORMAT
@pytest.mark.parametrize(
    "implementation", [NUMPY_TEXTBOOK, torch_eager()], ids=lambda one: one.name
)
@pytest.mark.parametrize("name", BOOK)
def test_what_is_built_in_can_be_timed(name, implementation, fmt):
    ticks = itertools.count()
    result = judge(BOOK[name], implementation, fmt, clock=lambda: float(next(ticks)), plan=FEW)
    assert result.verdict is Verdict.UNDECIDED  # every pass takes one tick
    assert result.notes["median ratio"] == 1


@pytest.mark.cuda
@EACH_FORMAT
@pytest.mark.parametrize("name", BOOK)
def test_a_gpu_is_waited_for(name, fmt, monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: waited.append(1))
    ticks = itertools.count()
    judge(BOOK[name], torch_eager("cuda"), fmt, clock=lambda: float(next(ticks)), plan=FEW)
    assert waited


def test_a_function_that_raises_is_a_defect():
    def raises(x):
        raise ValueError("not today")

    found = judge(BOOK[RELU], NUMPY_TEXTBOOK.replace(relu=raises), FLOAT32, plan=FEW)
    assert found.verdict is Verdict.DEFECT
    assert "not today" in found.reason


def arithmetic(x: Real):
    return Time(relu(-x)) < Time(sigmoid(x))


def rows(x: Vector):
    return Time(relu(x)) < Time(sigmoid(x))


@pytest.mark.parametrize(
    ("formula", "message"),
    [(arithmetic, "array library's own"), (rows, "functions of real numbers")],
)
def test_what_cannot_be_timed_says_what_can(formula, message):
    with pytest.raises(LoweringError, match=message):
        judge(stated(formula), NUMPY_TEXTBOOK, FLOAT32, plan=FEW)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: Time(relu(x)) < 1,
        lambda x: Time(relu(x)) <= Time(sigmoid(x)),
        lambda x: 2 * Time(relu(x)) < Time(sigmoid(x)),
        lambda x: Time(relu(x)) < Slope(tanh(x), x),
    ],
    ids=["a number", "at most", "twice a time", "a slope"],
)
def test_a_time_is_compared_with_nothing_but_another(formula):
    def compared(x: Real):
        return formula(x)

    with pytest.raises(ClaimError, match="a time is compared with another one"):
        stated(compared)


# -- the command line and the ledger --------------------------------------------------------------

TURNED_ROUND = f"""
[[expect]]
claim = "{ELU}"
implementation = "numpy-textbook"
format = "float16"
verdict = "FALSE"
reason = "here the other is slower"
"""


class Asked(list[tuple[runner.Task, int]]):
    """The cells that were judged, each with the number of processes; some are turned round."""

    turned = {(ELU, "numpy-textbook", "float16")}

    def result(self, task: runner.Task) -> Result:
        false = (task.claim, task.implementation, task.format) in self.turned
        notes = {"median ratio": 2.5, "quantiles": {"0.1": 2.25, "0.9": 3.0}}
        return Result(
            cell=Cell(task.claim, task.implementation, task.format, task.device),
            verdict=Verdict.FALSE if false else Verdict.HOLDS,
            coverage="timed 101 rounds",
            samples=101,
            decided=1.0,
            slack_median=np.nan,
            slack_largest=np.nan,
            seconds=0.5,
            reason="the other takes longer" if false else "",
            notes=notes,
        )


@pytest.fixture
def asked(monkeypatch, tmp_path) -> Asked:
    """A command line that judges nothing but says what it would have judged."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("ledger.toml").write_text(TURNED_ROUND)
    monkeypatch.setattr(ledger, "find", lambda: tmp_path / "ledger.toml")
    tasks = Asked()

    def run_all(work: Any, jobs: int, on_result: Any) -> list[Result]:
        tasks.extend((task, jobs) for task in work)
        results = [tasks.result(task) for task in work]
        for result in results:
            on_result(result)
        return results

    monkeypatch.setattr(runner, "run_all", run_all)
    return tasks


def test_times_are_judged_when_asked_for_and_then_nothing_else(asked, capsys):
    assert cli.run(["check", "--costs", "--jobs", "4"]) == 0
    out = capsys.readouterr().out
    assert {task.claim for task, _ in asked} == set(BOOK)
    assert {task.implementation for task, _ in asked} == {"numpy-textbook", "torch-eager"}
    assert {jobs for _, jobs in asked} == {1}
    assert "numpy-textbook · cpu  f16   2.5  (2.25 to 3)" in out
    assert max(map(len, out.splitlines())) <= 80


def test_times_are_not_judged_otherwise_and_their_entries_are_not_stale(asked):
    name = "leaky_relu_is_the_larger_of_kx_and_x"
    assert cli.run(["check", "--claims", f"{name},{ELU}", "--jobs", "1"]) == 0
    assert {task.claim for task, _ in asked} == {name}


def test_a_time_that_is_turned_round_fails_where_no_entry_says_so(asked, capsys):
    Path("ledger.toml").write_text("")
    assert cli.run(["check", "--costs", "--claims", ELU]) == 1
    out = capsys.readouterr().out
    assert f"FALSE  {ELU}  [numpy-textbook-cpu · float16]" in out
    assert "  the other takes longer\n  expected HOLDS; found FALSE\n" in out
    assert "measured: timed 101 rounds" in out


def test_an_entry_for_a_time_that_is_not_turned_round_is_stale(asked, capsys):
    asked.turned = set()
    assert cli.run(["check", "--costs", "--claims", ELU]) == 1
    assert "ledger.toml:2 expects FALSE, and it holds; remove the entry" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--claims", ELU], "these claims are about times; add --costs"),
        (["--costs", "--claims", "sigmoid*"], "none of these claims is about times"),
    ],
)
def test_a_call_that_would_judge_nothing_says_what_to_write(asked, capsys, arguments, message):
    assert cli.run(["check", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_ledger_may_turn_a_time_round_and_no_theorem(tmp_path):
    path = tmp_path / "ledger.toml"
    path.write_text(TURNED_ROUND)
    book = ledger.read(CLAIMS, path)
    assert book.expected(Cell(ELU, "numpy-textbook", "float16", "cpu")).verdict is Verdict.FALSE
    path.write_text(TURNED_ROUND.replace(ELU, "leaky_relu_is_the_larger_of_kx_and_x"))
    with pytest.raises(ledger.LedgerError, match="FALSE needs no entry"):
        ledger.read(CLAIMS, path)


def test_the_runner_hands_times_to_their_judge(monkeypatch):
    monkeypatch.setattr(costs, "judge", lambda *arguments: arguments)
    one = runner.check(BOOK[ELU], NUMPY_TEXTBOOK, FLOAT32, runner.PROFILES["dev"], 3)
    assert one == (BOOK[ELU], NUMPY_TEXTBOOK, FLOAT32, 3)
