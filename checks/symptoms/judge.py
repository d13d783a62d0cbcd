"""How often a rule is right: its sensitivity and its specificity over the zoo, with intervals.

`python -m checks.symptoms.judge` prints both for every rule.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from checks.experiments.intervals import clopper_pearson
from checks.symptoms.population import record, rows
from checks.symptoms.records import Cause, Record
from checks.symptoms.rules import DIAGNOSES, Rule

DOUBT = 0.05  # how often an interval misses
SEEDS = 464  # 16 copies of every row that is sick


@dataclass(frozen=True)
class Share:
    """So many of so many, and the exact interval of the probability behind it."""

    count: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's, two-sided."""
        return clopper_pearson(self.count, self.of, DOUBT)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count / self.of:.3f} [{low:.3f}, {high:.3f}]"


@dataclass(frozen=True)
class Quality:
    """How often a rule fires on networks that have the cause, and keeps still on the others.

    `healthy` is the specificity over the networks that learn, `specificity` over all that do not
    have the cause, those that suffer from something else included.
    """

    sensitivity: Share
    specificity: Share
    healthy: Share


def fires(rule: Rule, records: Iterable[Record]) -> Share:
    """On how many of the records the rule fires."""
    fired = [rule(found).fired for found in records]
    return Share(sum(fired), len(fired))


def quality(rule: Rule, cause: Cause, seeds: int = SEEDS) -> Quality:
    """Judge a rule on networks with and without the cause, so many of each."""
    name = cause.name.lower()
    sick, others, healthy = (
        fires(rule, (record(of, seed) for seed in range(seeds)))
        for of in (name, f"not {name}", "healthy")
    )
    return Quality(sick, _still(others), _still(healthy))


def _still(share: Share) -> Share:
    return Share(share.of - share.count, share.of)


def main() -> None:
    """Print the table of all rules."""
    for cause, rules in DIAGNOSES.items():
        name = cause.name.lower()
        print(f"\n{len(rows(name))} rows {name}, {len(rows(f'not {name}'))} not {name}")
        print(f"{'rule':<32}{'sensitivity':<24}{'specificity':<24}among the healthy")
        for rule in rules:
            found = quality(rule, cause)
            columns = (found.sensitivity, found.specificity, found.healthy)
            print(f"{rule.__name__:<32}{''.join(f'{share!s:<24}' for share in columns)}")


if __name__ == "__main__":
    main()
