"""The heads of `theory.symptoms` as functions: what a rule reads in the network of a seed."""

from collections.abc import Callable

from checks.symptoms import rules
from checks.symptoms.population import record
from checks.symptoms.rules import Rule
from theory.symptoms import Zoo

RULES: dict[str, Rule] = {
    "ErrorFade": rules.error_fades_across_depth,
    "ErrorGrowth": rules.error_grows_across_depth,
    "ExplosionShape": rules.loss_explodes_in_a_shape,
    "FirstLayerLag": rules.first_layer_lags,
    "FirstLayerLogUpdate": rules.first_layer_hardly_changes,
    "LargestNodeError": rules.node_error_above_one,
    "LastingNodeError": rules.node_error_stays_above_one,
    "LossDrift": rules.loss_is_flat,
    "LossJump": rules.loss_jumps,
    "NonfiniteEntries": rules.nonfinite_loss_or_weights,
    "SmallestNodeError": rules.every_node_error_above_one,
    "WeightJump": rules.weights_jump,
}


def _reading(rule: Rule) -> Callable[[Zoo, int], float]:
    return lambda zoo, seed: rule(record(zoo.values["of"], seed)).value


READINGS = {name: _reading(rule) for name, rule in RULES.items()}
