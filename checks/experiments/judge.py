"""From a measured claim to its result: count the event over seeds, and see where the interval lies.

HOLDS where the exact interval of the probability lies on the side that is claimed, FALSE where it
lies on the other, UNDECIDED where it holds the claimed bound itself or the time ran out. A claim
about starts has as many seeds as the power wanted takes, and a false alarm in a thousand million;
one about trainings, which cost minutes, has 20 seeds and a false alarm in a hundred. A claim about
the networks of the zoo, which take some milliseconds each, has 464, and a false alarm as rare as
that of a start.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from checks.example import MalformedInput
from checks.experiments import tensorboard
from checks.experiments.descent import OutOfTime
from checks.experiments.events import Look, look
from checks.experiments.intervals import clopper_pearson, seeds_needed
from checks.experiments.measures import Runs
from checks.power import FALSE_ALARM
from checks.verdict import Cell, Counterexample, Result, Verdict
from checks.vocabulary import MEASURED_ON
from theory.claim import Claim
from theory.measures import form_of
from theory.symptoms import Zoo

TRAININGS, DOUBT = 20, 0.01
NETWORKS = 464
# How long a claim may take, in seconds.
BUDGET, BUDGET_OF_TRAININGS = 600.0, 1800.0


@dataclass(frozen=True)
class Plan:
    """How many seeds, how often the interval may miss, and how many seconds."""

    seeds: int
    alpha: float
    budget: float


def plan_of(claim: Claim) -> Plan:
    """What a claim is judged by."""
    if claim.formula.atoms(Zoo):
        return Plan(NETWORKS, FALSE_ALARM, BUDGET_OF_TRAININGS)
    if claim.trains:
        return Plan(TRAININGS, DOUBT, BUDGET_OF_TRAININGS)
    _, comparison, bound = form_of(claim.formula)
    above = float(bound if comparison in (">", ">=") else 1 - bound)
    return Plan(seeds_needed(above, FALSE_ALARM), FALSE_ALARM, BUDGET)


def judge(
    claim: Claim, first: int = 0, plan: Plan | None = None, events: Path | None = None
) -> Result:
    """Judge a measured claim on seeds that count up from the first.

    `events` is where the trainings of the first seed leave event files for TensorBoard.
    """
    started = time.perf_counter()
    plan = plan or plan_of(claim)
    looks: list[Look] = []
    runs = Runs(range(first, first + plan.seeds), started + plan.budget)
    with deterministic(), suppress(OutOfTime):
        for seed in runs.seeds:
            looks.append(look(_event(claim), seed, runs))
    if events is not None:
        for network, training, record in runs.trainings(first):
            tensorboard.write(record, events, claim.name, network, training)
    return _result(claim, plan, looks, started)


def replay(claim: Claim, inputs: Mapping[str, Any]) -> Result:
    """Look at one seed again: FALSE where it speaks against the claim. Raises MalformedInput."""
    started = time.perf_counter()
    (name,) = claim.variables
    try:
        numbers = {key: int(value) for key, value in inputs.items()}
        seed = numbers.pop(name)
        seeds = range(numbers.pop("first"), numbers.pop("last") + 1) if numbers else [seed]
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedInput(f"the inputs do not fit {claim.name}: write {name}") from error
    if numbers or seed not in seeds:
        raise MalformedInput(f"the inputs do not fit {claim.name}: {seed} is not among {seeds}")
    with deterministic():
        seen = look(_event(claim), seed, Runs(seeds))
    against = seen.happened is not _claims_much(claim)
    return Result(
        cell=_cell(claim),
        verdict=Verdict.FALSE if against else Verdict.HOLDS,
        coverage="replayed 1",
        samples=1,
        decided=1.0,
        slack_median=math.nan,
        slack_largest=math.nan,
        seconds=time.perf_counter() - started,
        smallest=_counterexample(claim, seen, seeds) if against else None,
    )


@contextmanager
def deterministic() -> Iterator[None]:
    """One thread and deterministic algorithms: a seed decides every bit."""
    threads, before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(before)


def _event(claim: Claim) -> Any:
    return form_of(claim.formula)[0].args[0]


def _claims_much(claim: Claim) -> bool:
    """Whether the event is claimed to be frequent, and not to be rare."""
    return form_of(claim.formula)[1] in (">", ">=")


def _result(claim: Claim, plan: Plan, looks: Sequence[Look], started: float) -> Result:
    _, comparison, bound = form_of(claim.formula)
    seeds, count = len(looks), sum(one.happened for one in looks)
    low, high = clopper_pearson(count, seeds, plan.alpha) if looks else (0.0, 1.0)
    verdict, reason = _verdict(comparison, float(bound), low, high), ""
    found = f"{count} of {seeds} seeds, probability {low:.3f} to {high:.3f}"
    if seeds < plan.seeds:
        verdict = Verdict.UNDECIDED
        reason = f"the budget of {plan.budget:g} s was spent after {seeds} of {plan.seeds} seeds"
    elif verdict is Verdict.UNDECIDED:
        reason = f"{found} is no answer to {comparison} {bound}"
    against = [one for one in looks if one.happened is not _claims_much(claim)]
    shown = verdict is Verdict.FALSE
    return Result(
        cell=_cell(claim),
        verdict=verdict,
        coverage=f"statistical {plan.alpha:g}, {found}",
        samples=seeds,
        decided=1.0,
        slack_median=math.nan,
        slack_largest=math.nan,
        seconds=time.perf_counter() - started,
        smallest=_counterexample(claim, against[0], [one.seed for one in looks]) if shown else None,
        reason=reason,
        notes={
            "count": count,
            "seeds": seeds,
            "interval": [low, high],
            "alpha": plan.alpha,
            "against": [one.seed for one in against],
            "measures": _spread(looks),
        },
    )


def _verdict(comparison: str, bound: float, low: float, high: float) -> Verdict:
    above, below = low > bound, high < bound
    if not above and not below:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if above is (comparison in (">", ">=")) else Verdict.FALSE


def _cell(claim: Claim) -> Cell:
    implementation, fmt, device = MEASURED_ON
    return Cell(claim.name, implementation, fmt, device)


def _counterexample(claim: Claim, seen: Look, seeds: Sequence[int]) -> Counterexample:
    (name,) = claim.variables
    what = "" if seen.happened else "not "
    inputs = {name: str(seen.seed)}
    if claim.trains:  # networks train in step, and what shares an array may share a rounding
        inputs |= {"first": str(seeds[0]), "last": str(seeds[-1])}
    return Counterexample(
        inputs=inputs,
        operation="",
        left=seen.left,
        right=seen.right,
        gap=abs(seen.left - seen.right),
        bound=math.inf,  # there is no rounding to be told from an effect
        message=f"{what}{seen.relation}: {seen.left:.4g} against {seen.right:.4g}",
    )


def _spread(looks: Sequence[Look]) -> dict[str, dict[str, float]]:
    """The smallest, the median and the largest number that each measure was."""
    names = looks[0].numbers if looks else ()
    spread = {}
    for name in names:
        numbers = np.array([one.numbers[name] for one in looks])
        with np.errstate(all="ignore"):
            found = np.quantile(numbers, (0, 0.5, 1), method="nearest")
        spread[name] = dict(zip(("smallest", "median", "largest"), map(float, found), strict=True))
    return spread
