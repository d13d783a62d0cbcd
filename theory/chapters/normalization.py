"""Normalisation: what batch norm forgets, what it keeps, and what it does to gradients."""

from theory.language import *


@claim(source=(CV.section("2.2"), IOFFE_2015.section("3")))
def batch_norm_output_has_mean_beta(x: Batch, gamma: Features, beta: Features, eps: Epsilon):
    """Over the batch, every feature that batch norm puts out has the mean beta."""
    return Eq(ColumnMean(batch_norm(x, gamma, beta, eps)), beta)


@claim(
    source=(CV.section("2.2"), IOFFE_2015.section("3")),
    corrects="batch_norm_output_std_is_gamma",
)
def batch_norm_output_std_is_scaled(x: Batch, gamma: Features, beta: Features, eps: Epsilon):
    """Over the batch, each output of batch norm has the variance γ²·v/(v + ε), v being the input's.

    Its standard deviation is |γ|·√(v/(v + ε)): a little less than |γ|, and much less where the
    feature hardly varies. Stated of variances, which need no root.
    """
    v = ColumnVariance(x)
    return Eq(ColumnVariance(batch_norm(x, gamma, beta, eps)), gamma**2 * v / (v + eps))


@refuted(
    source=CV.section("2.2"),
    by={"x": (0, 2), "gamma": 1, "beta": 0, "eps": "1/16"},
    instead="batch_norm_output_std_is_scaled",
)
def batch_norm_output_std_is_gamma(x: Batch, gamma: Features, beta: Features, eps: Epsilon):
    """Over the batch, every output of batch norm has the standard deviation |gamma|.

    Only at ε = 0. A feature that is the same in every row even keeps the variance 0.
    """
    return Eq(ColumnVariance(batch_norm(x, gamma, beta, eps)), gamma**2)


@claim(source=CV.section("2.2"))
def batch_norm_ignores_shift_and_scale(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Positive, c: Coefficient
):
    """A batch that is shifted by c and scaled by a normalises to the same once eps is by a²."""
    return Eq(batch_norm(a * x + c, gamma, beta, a**2 * eps), batch_norm(x, gamma, beta, eps))


@claim(source=(CV.section("2.2"), IOFFE_2015.section("2")))
def batch_norm_fixes_layer_statistics(
    u: Batch, V: WeightMatrix, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon
):
    """Whatever layers stand before it, a batch norm puts out the same batch means.

    Here a layer of sigmoids and a linear one. It follows from batch_norm_output_has_mean_beta, and
    is the part of the covariate shift that batch norm removes: the mean exactly, the variance up to
    the factor v/(v + ε) of batch_norm_output_std_is_scaled, and nothing beyond these two.
    """
    one, other = sigmoid(linear(u, V, Zeros(V))), linear(u, W, Zeros(W))
    return Eq(
        ColumnMean(batch_norm(one, gamma, beta, eps)),
        ColumnMean(batch_norm(other, gamma, beta, eps)),
    )


# -- the weights in front of it -------------------------------------------------------------------


@claim(source=(SOLUTIONS.section("3.4"), IOFFE_2015.section("3.3")))
def batch_norm_ignores_weight_scale(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive
):
    """Weights that are a times as large in front of a batch norm change nothing of its output.

    Exactly so once eps is a² times as large, too; else all but so where the variance is large
    against eps.
    """
    normal = lambda V, eps: batch_norm(linear(u, V, Zeros(V)), gamma, beta, eps)
    return Eq(normal(a * W, a**2 * eps), normal(W, eps))


@claim(source=SOLUTIONS.section("3.4"))
def batch_norm_keeps_the_sign_of_the_weight_scale(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive
):
    """Weights that are -a times as large give what gamma with the other sign gives."""
    normal = lambda V, gamma, eps: batch_norm(linear(u, V, Zeros(V)), gamma, beta, eps)
    return Eq(normal(-a * W, gamma, a**2 * eps), normal(W, -gamma, eps))


@claim(source=(SOLUTIONS.section("3.4"), IOFFE_2015.section("3.3")))
def batch_norm_input_gradient_ignores_weight_scale(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive, g: Batch
):
    """Weights a times as large in front of a batch norm send the same gradient further back.

    Once eps is a² times as large, too. This is how batch norm takes the scale of the weights out of
    the backward pass.
    """
    loss = lambda V, eps: Total(g * batch_norm(linear(u, V, Zeros(V)), gamma, beta, eps))
    return Eq(Gradient(loss(a * W, a**2 * eps), u), Gradient(loss(W, eps), u))


@claim(source=(SOLUTIONS.section("3.4"), IOFFE_2015.section("3.3")))
def batch_norm_weight_gradient_scales_inversely(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive, g: Batch
):
    """Weights a times as large in front of a batch norm get a gradient that is 1/a as large.

    Once eps is a² times as large, too.
    """
    loss = lambda V, eps: Total(g * batch_norm(linear(u, V, Zeros(V)), gamma, beta, eps))
    return Eq(a * Gradient(loss(a * W, a**2 * eps), a * W), Gradient(loss(W, eps), W))


@claim(source=SOLUTIONS.section("3.4"))
def batch_norm_backward_without_normalisation_has_a_factor_w(
    x: Vector, W: WeightMatrix, b: Features, g: Vector
):
    """Without normalisation, a gradient that passes back through f(xWᵀ + b) becomes g f' W.

    Here f is tanh. A product of such factors over the layers is what explodes or vanishes.
    """
    z = linear(x, W, b)
    loss = Total(g * tanh(z))
    return Eq(Gradient(loss, x), Dot(g * Slope(tanh(z), z), W))


@claim(source=ARORA_2019.section("2.4"))
def batch_norm_weight_gradient_is_orthogonal_to_weights(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, g: Batch
):
    """⟨w, ∂ℓ/∂w⟩ = ε/(v + ε)·γ·∂ℓ/∂γ for each unit's weights w in front of a batch norm.

    So weights and their gradient are orthogonal at ε = 0, and all but so where v, the variance of
    the unit's u·w over the batch, is large against ε.
    """
    z = linear(u, W, Zeros(W))
    loss = Total(g * batch_norm(z, gamma, beta, eps))
    along = ColumnTotal(Transpose(W * Gradient(loss, W)))
    return Eq((ColumnVariance(z) + eps) * along, eps * gamma * Gradient(loss, gamma))


# -- the gradient that passes through it ----------------------------------------------------------


@claim(source=IOFFE_2015.section("3"))
def batch_norm_input_gradient_sums_to_zero(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, g: Batch
):
    """Over the batch, the gradient by the input of a batch norm sums to 0 in every feature."""
    loss = Total(g * batch_norm(x, gamma, beta, eps))
    return Eq(ColumnTotal(Gradient(loss, x)), 0)


@claim(source=IOFFE_2015.section("3"))
def batch_norm_input_gradient_is_orthogonal_to_output(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, g: Batch
):
    """Σ ∂ℓ/∂x·(y - β) = ε·(v + ε)^(-3/2)·γ²·∂ℓ/∂γ over the batch, y being a batch norm's output.

    So the gradient is orthogonal to the normalised values at ε = 0, and all but so where the
    variance v is large against ε.
    """
    y = batch_norm(x, gamma, beta, eps)
    loss, v = Total(g * y), ColumnVariance(x)
    return Eq(
        ColumnTotal(Gradient(loss, x) * (y - beta)),
        eps * (v + eps) ** Rational(-3, 2) * gamma**2 * Gradient(loss, gamma),
    )


# -- saturation -----------------------------------------------------------------------------------


@claim(source=SOLUTIONS.section("3.4"))
def batch_norm_keeps_inputs_out_of_saturation(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon
):
    """The mean slope of a sigmoid behind a batch norm is at least 1/4 - (γ² + β²)/16.

    At γ = 1 and β = 0 that is 3/16, three quarters of the steepest slope, for every batch: the
    sigmoid's slope lies above the parabola 1/4 - y²/16, and the mean of y² is at most γ² + β².
    """
    y = batch_norm(x, gamma, beta, eps)
    return ColumnMean(Slope(sigmoid(y), y)) >= Rational(1, 4) - (gamma**2 + beta**2) / 16


@claim(source=SOLUTIONS.section("3.4"))
def batch_norm_output_is_bounded_by_the_batch_size(x: Batch, gamma: Features, eps: Epsilon):
    """In a batch of m rows no normalised value is beyond √(m - 1) times |gamma|.

    Stated of squares. Where one row stands out from all the others and ε is small, the bound is all
    but attained.
    """
    y = batch_norm(x, gamma, Zeros(gamma), eps)
    return y**2 <= gamma**2 * (Rows(x) - 1)


@claim(source=SOLUTIONS.section("3.4"))
def batch_norm_leaves_few_values_far_out(x: Batch, gamma: Features, eps: Epsilon, k: Positive):
    """In a batch of m rows at most m/k² normalised values are beyond k·|gamma| (Chebyshev)."""
    y = batch_norm(x, gamma, Zeros(gamma), eps)
    return CountBeyond(y, k * Abs(gamma)) <= Rows(x) / k**2


# -- the running statistics -----------------------------------------------------------------------


@claim(source=IOFFE_2015.section("3.1"))
def batch_norm_running_mean_averages_the_batch_means(
    mean: Features, var: Variances, x: Batch, q: UnitInterval
):
    """With momentum q, the running mean becomes (1 - q) times itself plus q times the batch's."""
    new, _ = batch_norm_running(mean, var, x, q)
    return Eq(new, (1 - q) * mean + q * ColumnMean(x))


@claim(source=IOFFE_2015.section("3.1"))
def batch_norm_running_variance_is_unbiased(
    mean: Features, var: Variances, x: Batch, q: UnitInterval
):
    """The running variance averages the unbiased m/(m - 1)·v, where the output uses v itself."""
    _, new = batch_norm_running(mean, var, x, q)
    m = Rows(x)
    return Eq(new, (1 - q) * var + q * m / (m - 1) * ColumnVariance(x))


@claim(source=IOFFE_2015.section("3.1"))
def batch_norm_eval_uses_running_statistics(
    x: Batch, mean: Features, var: Variances, gamma: Features, beta: Features, eps: Epsilon
):
    """In evaluation a row is normalised by the running statistics, whatever its batch holds."""
    normal = (x - mean) / sqrt(var + eps)
    return Eq(batch_norm_eval(x, mean, var, gamma, beta, eps), gamma * normal + beta)


@claim(source=IOFFE_2015.section("3.1"))
def batch_norm_eval_gradient_is_a_constant_scale(
    x: Batch, mean: Features, var: Variances, gamma: Features, beta: Features, eps: Epsilon
):
    """In evaluation each feature's gradient is scaled by γ/√(var + ε), and nothing else."""
    y = batch_norm_eval(x, mean, var, gamma, beta, eps)
    return Eq(Slope(y, x), gamma / sqrt(var + eps))


@refuted(
    source=SOLUTIONS.section("3.4"),
    by={"seed": 0},
    instead="batch_norm_lets_relu_gradients_grow_by_a_fifth_a_layer",
)
def batch_norm_cures_exploding_gradients(seed: Seed):
    """With batch norm between a layer and its ReLU a gradient does not grow from layer to layer.

    At its start a deep net without skips explodes because of batch norm, whatever the variance of
    its weights.
    """
    net = Network(
        depth=30,
        width=256,
        inputs=256,
        activation="relu",
        norm="batch",
        start="he normal",
        rows=256,
    )
    return Probability(GrowthPerLayer(net, seed) <= 1, seed) > Rational(1, 2)


@claim(source=YANG_2019.section("1"), corrects="batch_norm_cures_exploding_gradients")
def batch_norm_lets_relu_gradients_grow_by_a_fifth_a_layer(seed: Seed):
    """With batch norm before every ReLU a gradient grows by √(π/(π−1)) ≈ 1.211 a layer, nearly.

    Within a twentieth; the number is the limit of wide layers and large batches, and the first ten
    layers fall short of it. Measured, 256 wide with batches of 256: 1.18 over 30 layers and 1.19
    over 50.
    """
    net = Network(
        depth=30,
        width=256,
        inputs=256,
        activation="relu",
        norm="batch",
        start="he normal",
        rows=256,
    )
    near = Abs(GrowthPerLayer(net, seed) - sqrt(pi / (pi - 1))) < Rational(1, 20)
    return Probability(near, seed) > Rational(1, 2)


# -- over the features of a row -------------------------------------------------------------------


@claim(source=BA_2016.section("5.1"))
def layer_norm_output_ignores_shift_and_scale(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Positive, c: Coefficient
):
    """Rows that are shifted by c and scaled by a are normalised to the same once eps is by a²."""
    return Eq(layer_norm(a * x + c, gamma, beta, a**2 * eps), layer_norm(x, gamma, beta, eps))


@claim(source=BA_2016.section("3"))
def layer_norm_input_gradient_sums_to_zero(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, g: Batch
):
    """Over the features, the gradient by the input of a layer norm sums to 0 in every row."""
    loss = Total(g * layer_norm(x, gamma, beta, eps))
    return Eq(ColumnTotal(Transpose(Gradient(loss, x))), 0)


@claim(source=ZHANG_2019.section("4.1"))
def rms_norm_ignores_scale(x: Batch, gamma: Features, eps: Epsilon, a: Positive):
    """Rows that are a times as long are normalised to the same once eps is a² times as large."""
    return Eq(rms_norm(a * x, gamma, a**2 * eps), rms_norm(x, gamma, eps))


@claim(source=ZHANG_2019.section("4.2"))
def rms_norm_input_gradient_is_orthogonal_to_input(
    x: Batch, gamma: Features, eps: Epsilon, g: Batch
):
    """(m + ε)·⟨x, ∂ℓ/∂x⟩ = ε·⟨g, y⟩ in every row, m the row's mean square and g the gradient of y.

    So input and gradient are orthogonal at ε = 0: a step along the gradient makes rows longer.
    """
    y = rms_norm(x, gamma, eps)
    over_features = lambda entries: ColumnTotal(Transpose(entries))
    mean_square = ColumnMean(Transpose(x**2))
    along = over_features(x * Gradient(Total(g * y), x))
    return Eq((mean_square + eps) * along, eps * over_features(g * y))


# -- NaN ------------------------------------------------------------------------------------------


@claim(source=IEEE_754.section("6.2.3"))
def batch_norm_passes_nan_on(x: Batch, gamma: Features, beta: Features, eps: Epsilon):
    """Where a batch holds NaN, batch norm puts out NaN."""
    return PassesNaN(batch_norm(x, gamma, beta, eps), x)


@claim(source=IEEE_754.section("6.2.3"))
def layer_norm_passes_nan_on(x: Vector, gamma: Features, beta: Features, eps: Epsilon):
    """A row that holds NaN has no mean, and layer norm puts out NaN in all of it."""
    return SpreadsNaN(layer_norm(x, gamma, beta, eps), x)


@claim(source=IEEE_754.section("6.2.3"))
def rms_norm_passes_nan_on(x: Vector, gamma: Features, eps: Epsilon):
    """A row that holds NaN has no mean square, and RMS norm puts out NaN in all of it."""
    return SpreadsNaN(rms_norm(x, gamma, eps), x)
