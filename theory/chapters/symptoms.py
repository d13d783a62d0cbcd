"""Symptoms: how to know that gradients vanish or explode, and how often each sign is right.

A sign has a claim that it is there when it should be, its sensitivity, and one that it is not there
otherwise, its specificity. The zoo has 31 exploding, 29 vanishing, 10 idle and 38 healthy rows;
the shares that docstrings give are of 464 networks, and the intervals in brackets hold the true
share nineteen times in twenty.
"""

from theory.language import *

# -- exploding ------------------------------------------------------------------------------------


@claim(source=CV.section("3"))
def nonfinite_loss_or_weights_mean_explosion(seed: Seed):
    """A loss or weights that are infinite or NaN are not seen where gradients do not explode.

    Measured: in none of the others [0 to 1 %].
    """
    return Probability(NonfiniteEntries(Zoo(of="not exploding"), seed) > 0, seed) < Rational(1, 10)


@claim(source=CV.section("3"))
def most_explosions_make_loss_or_weights_nonfinite(seed: Seed):
    """In most exploding networks the loss or the weights become infinite or NaN.

    Measured: in 83 % [79 to 86 %]. Bounded activations, batch norm and Adam keep every number
    finite while the network learns nothing.
    """
    return Probability(NonfiniteEntries(Zoo(of="exploding"), seed) > 0, seed) > Rational(2, 3)


@claim(source=CV.section("3"))
def loss_or_weights_jump_when_gradients_explode(seed: Seed):
    """In most exploding networks the loss or some layer's weights jump tenfold in one step.

    Measured: in 89 % [86 to 92 %].
    """
    zoo = Zoo(of="exploding")
    jump = Or(LossJump(zoo, seed) > JUMP, WeightJump(zoo, seed) > JUMP)
    return Probability(jump, seed) > Rational(3, 4)


@claim(source=CV.section("3"))
def loss_and_weights_do_not_jump_otherwise(seed: Seed):
    """Where gradients do not explode, neither the loss nor the weights jump tenfold in one step.

    Measured: in none of the others [0 to 1 %].
    """
    zoo = Zoo(of="not exploding")
    jump = Or(LossJump(zoo, seed) > JUMP, WeightJump(zoo, seed) > JUMP)
    return Probability(jump, seed) < Rational(1, 10)


@refuted(
    source=(CV.section("3"), NIELSEN_2015.chapter(2)),
    by={"seed": 0},
    instead="errors_grow_across_depth_only_when_gradients_explode",
)
def node_error_gradient_above_one_means_explosion(seed: Seed):
    """An error above 1 at some node is not seen where gradients do not explode.

    Measured: in 88 % of the others [84 to 90 %], and in 97 % of the healthy. The error of the
    output alone is 2(a − y) for a squared loss; whether it exceeds 1 is a matter of the unit of the
    loss.
    """
    return Probability(LargestNodeError(Zoo(of="not exploding"), seed) > 1, seed) < Rational(1, 5)


@refuted(
    source=CV.section("3"),
    by={"seed": 0},
    instead="errors_grow_across_depth_only_when_gradients_explode",
)
def node_error_that_stays_above_one_means_explosion(seed: Seed):
    """That at every step some node has an error above 1 is not seen where gradients do not explode.

    It need not be the same node. Measured: in 64 % of the others [59 to 68 %]. It stays wherever a
    network does not learn, whatever the reason: as long as the output is off by a half, its error
    is 1.
    """
    return Probability(LastingNodeError(Zoo(of="not exploding"), seed) > 1, seed) < Rational(1, 5)


@refuted(
    source=CV.section("3"),
    by={"seed": 4},
    instead="errors_grow_across_depth_when_gradients_explode",
)
def node_errors_stay_above_one_when_gradients_explode(seed: Seed):
    """In an exploding network the mean error is above 1 in every layer and at every step.

    A stricter reading of the same sentence. Measured: in 53 % [49 to 58 %] of those that
    explode, and in none of the others.
    """
    return Probability(SmallestNodeError(Zoo(of="exploding"), seed) > 1, seed) > Rational(4, 5)


@claim(
    source=(CV.section("3"), PASCANU_2013.section("2")),
    corrects="node_errors_stay_above_one_when_gradients_explode",
)
def errors_grow_across_depth_when_gradients_explode(seed: Seed):
    """In most exploding networks the errors grow a hundredfold from the output to the first layer.

    Measured: in 92 % [90 to 95 %]. Not where a single layer explodes because its rate is too large:
    it has no depth to grow across.
    """
    return Probability(ErrorGrowth(Zoo(of="exploding"), seed) > FAR, seed) > Rational(4, 5)


@claim(
    source=(CV.section("3"), PASCANU_2013.section("2")),
    corrects=(
        "node_error_gradient_above_one_means_explosion",
        "node_error_that_stays_above_one_means_explosion",
    ),
)
def errors_grow_across_depth_only_when_gradients_explode(seed: Seed):
    """Where gradients do not explode, errors do not grow a hundredfold towards the first layer.

    Measured: in 0.2 % of the others [0 to 1.2 %], a network with batch norm that learns all the
    same.
    """
    return Probability(ErrorGrowth(Zoo(of="not exploding"), seed) > FAR, seed) < Rational(1, 10)


# -- the shapes of an explosion -------------------------------------------------------------------


@claim(source=TECHNIQUES.section("2.2.1"))
def explosion_has_three_shapes(seed: Seed):
    """The loss of most exploding networks leaps to infinity, climbs to it, or jumps and grows on.

    Measured: 42 % leap and 42 % jump, together 84 % [80 to 87 %]; none climbs, for which a rate has
    to be only just too large. The rest explode out of sight: their loss is bounded, or Adam brings
    it down again.
    """
    return Probability(ExplosionShape(Zoo(of="exploding"), seed) > 0, seed) > Rational(2, 3)


@claim(source=TECHNIQUES.section("2.2.1"))
def no_other_loss_has_the_shape_of_an_explosion(seed: Seed):
    """Where gradients do not explode, the loss has none of the three shapes of an explosion.

    Measured: in none of the others [0 to 1 %].
    """
    return Probability(ExplosionShape(Zoo(of="not exploding"), seed) > 0, seed) < Rational(1, 10)


@claim(source=TECHNIQUES.section("2.2.1"))
def step_beyond_the_range_is_a_sudden_infinity(seed: Seed):
    """A bowl whose first step leaves the range of the format explodes suddenly."""
    found = ExplosionShape(Zoo(of="sudden infinity"), seed)
    return Probability(Eq(found, SUDDEN_INFINITY), seed) > Rational(9, 10)


@claim(source=TECHNIQUES.section("2.2.1"))
def rate_just_too_large_is_slow_growth_then_infinity(seed: Seed):
    """A bowl whose loss is multiplied by less than ten at every step climbs to infinity slowly."""
    found = ExplosionShape(Zoo(of="slow growth then infinity"), seed)
    return Probability(Eq(found, SLOW_GROWTH_THEN_INFINITY), seed) > Rational(9, 10)


@claim(source=TECHNIQUES.section("2.2.1"))
def rate_far_too_large_is_growth_after_a_jump(seed: Seed):
    """A bowl whose loss is multiplied by eighty or more at every step jumps and grows on."""
    found = ExplosionShape(Zoo(of="growth after a jump"), seed)
    return Probability(Eq(found, GROWTH_AFTER_JUMP), seed) > Rational(9, 10)


# -- vanishing ------------------------------------------------------------------------------------


@refuted(
    source=(CV.section("4"), RECTIFIER.section("3")),
    by={"seed": 0},
    instead="errors_fade_across_depth_only_when_gradients_vanish",
)
def loss_flat_means_vanishing(seed: Seed):
    """A loss that stays within a tenth of its start tells vanishing networks from idle ones.

    Measured: it does in 89 % of the idle, because the rate is too small or because there is nothing
    left to learn, and in 10 % of all that do not vanish. A flat loss says that nothing is learned
    and not why.
    """
    return Probability(LossDrift(Zoo(of="idle"), seed) <= STILL, seed) < Rational(1, 5)


@claim(source=(CV.section("4"), RECTIFIER.section("3")))
def loss_is_flat_when_gradients_vanish(seed: Seed):
    """In most networks whose gradients vanish the loss stays within a tenth of its start.

    Measured: in 84 % [80 to 87 %], so that a flat loss is not even necessary: the layers near the
    output still learn what they can without the rest.
    """
    return Probability(LossDrift(Zoo(of="vanishing"), seed) <= STILL, seed) > Rational(2, 3)


@claim(source=(CV.section("4"), PASCANU_2013.section("2")))
def errors_fade_across_depth_when_gradients_vanish(seed: Seed):
    """In most networks that vanish the errors fade a hundredfold from the output to the input.

    Measured: in 94 % [92 to 96 %].
    """
    return Probability(ErrorFade(Zoo(of="vanishing"), seed) < 1 / FAR, seed) > Rational(4, 5)


@claim(
    source=(CV.section("4"), PASCANU_2013.section("2")),
    corrects="loss_flat_means_vanishing",
)
def errors_fade_across_depth_only_when_gradients_vanish(seed: Seed):
    """Where gradients do not vanish, errors seldom fade a hundredfold on the way to the input.

    Measured: in 5 % of the others [3 to 7 %], and in none of the idle. Adam makes up for a signal
    that is weak, as long as there is one.
    """
    return Probability(ErrorFade(Zoo(of="not vanishing"), seed) < 1 / FAR, seed) < Rational(1, 5)


@claim(
    source=(CV.section("4"), SOLUTIONS.section("2.1"), RECTIFIER.section("1")),
    corrects="input_side_layers_lag_behind_the_last",
)
def input_side_layers_hardly_change(seed: Seed):
    """In most networks that vanish the first layer changes by less than 10⁻⁵ of itself a step.

    Measured: in 81 % [77 to 84 %]. That is a hundred times less than is customary. Adam hides it:
    its steps do not shrink with the gradient.
    """
    hardly = FirstLayerLogUpdate(Zoo(of="vanishing"), seed) < CUSTOMARY_LOG_UPDATE - log(FAR, 10)
    return Probability(hardly, seed) > Rational(2, 3)


@claim(source=(SOLUTIONS.section("2.1"), RECTIFIER.section("1")))
def input_side_layers_change_in_healthy_networks(seed: Seed):
    """In a network that learns the first layer changes by more than 10⁻⁵ of itself a step.

    Measured: in all but 3 % [1 to 5 %], which have learned all there is. An idle network looks like
    one that vanishes, in 97 % of all cases: the rule knows the rate only by its effect.
    """
    hardly = FirstLayerLogUpdate(Zoo(of="healthy"), seed) < CUSTOMARY_LOG_UPDATE - log(FAR, 10)
    return Probability(hardly, seed) < Rational(1, 5)


@refuted(
    source=SOLUTIONS.section("2.1"),
    by={"seed": 0},
    instead="input_side_layers_hardly_change",
)
def input_side_layers_lag_behind_the_last(seed: Seed):
    """In a network that vanishes the first layer changes a hundred times less than the last.

    Measured: in 24 % [20 to 28 %]. Where small weights are to blame, the signal fades forward as
    much as the error does backward, and the gradients of all weights are equally small.
    """
    return Probability(FirstLayerLag(Zoo(of="vanishing"), seed) < -log(FAR, 10), seed) > Rational(
        2, 3
    )
