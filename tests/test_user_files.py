"""A user's file is judged on what it defines: wrong ones are exposed, right ones are left alone."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from checks import cli
from checks.formats import FORMATS
from checks.loading import load
from checks.runner import Profile, check
from checks.verdict import Result, Verdict
from tests.turns import in_turn
from theory.book import CLAIMS

FILES = Path(__file__).parent / "user_files"
BOOK = {claim.name: claim for claim in CLAIMS}
FEW = Profile(examples=8, derandomize=True)

QUARTER = "sigmoid_slope_at_most_a_quarter"
CHAIN = "chain_bias_gradient_is_a_product"
FORWARD = "forward_is_a_composition"
LAYER = "layer_gradient_is_a_product_of_jacobians"
SKIP = "skip_connection_adds_identity"
BATCH_NORM = "batch_norm_ignores_shift_and_scale"
CLIPPING = "norm_clipping_bounds_the_norm"
HE = "he_keeps_relu_second_moment"
OVERFLOW = "repeated_factor_overflows_at_depth"
RELU = "relu_chain_gradient_is_the_product_of_its_weights"
SILU = "silu_slope_at_most_1_09984"
LEAKY_RELU = "leaky_relu_is_the_larger_of_kx_and_x"

# File, the claim and format that expose it, and the function that is wrong.
WRONG = [
    ("sigmoid_negative_tail", CHAIN, "float16", "sigmoid"),
    ("tanh_saturates_early", LAYER, "float16", "tanh"),
    ("leaky_relu_slope_by_output", LEAKY_RELU, "float32", "leaky_relu"),
    ("linear_backward_transposed", SKIP, "float32", "the backward pass of residual or of linear"),
    ("batch_norm_one_pass_variance", BATCH_NORM, "float32", "batch_norm"),
    ("batch_norm_half_statistics", BATCH_NORM, "bfloat16", "batch_norm"),
    ("clip_not_applied", CLIPPING, "float64", "clip_by_norm"),
    ("clip_norm_in_half", CLIPPING, "float16", "clip_by_norm"),
    ("he_truncated", HE, "bfloat16", "he_normal"),
    ("power_integer_exponent", OVERFLOW, "float16", "power"),
    ("residual_truncates", SKIP, "float32", "residual"),
    ("silu_forgets_its_gradient", SILU, "float32", "the backward pass of silu"),
]
RIGHT = [
    ("torch_plain", (QUARTER, CHAIN, SKIP)),
    ("torch_with_backward", (LAYER, SKIP)),
    ("numpy_without_backward", (QUARTER, CHAIN)),
    ("numpy_with_backward", (RELU, LEAKY_RELU)),
    ("states_its_accuracy", (QUARTER,)),
    ("states_its_working_format", (LAYER, SKIP)),
    ("torch_clamps", ("value_clipping_bounds_each_entry",)),
    ("adamw_alone", ("decay_in_adamw_is_that_of_sgd",)),
]
MISBEHAVING = [
    ("returns_another_shape", "sigmoid returned shape (), expected (1,)"),
    ("returns_another_dtype", "sigmoid returned dtype torch.float64, expected torch.float32"),
    ("raises_when_called", "sigmoid raised NotImplementedError: sigmoid"),
    ("exits_when_called", "sigmoid raised SystemExit: 0"),
    (
        "takes_numpy_arrays",
        "sigmoid raised AttributeError: 'Tensor' object has no attribute 'astype'; a file of "
        'functions over NumPy arrays states ARRAY_LIBRARY = "numpy"',
    ),
    ("returns_nan", "sigmoid delivered nan, exact 0.5: gap inf > bound 3e-07"),
]
UNUSABLE = [
    ("raises_at_import", "line 3: raised RuntimeError: no such device while it was imported"),
    ("exits_at_import", "line 6: exits while it is imported"),
    ("defines_no_head", "defines no head, and sigmoidal is none (did you mean sigmoid?)"),
]


def judged(file: str, claim: str, fmt: str, **stated: object) -> Result:
    kernels = replace(load(str(FILES / f"{file}.py"), "cpu"), **stated)
    return check(BOOK[claim], kernels, FORMATS[fmt], FEW)


def has_hexadecimal(inputs: object) -> bool:
    return re.search(r"'-?0x[01]\.[0-9a-f]+p[+-]\d+'", str(inputs)) is not None


@pytest.mark.parametrize(("file", "claim", "fmt", "function"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_file_is_a_defect_with_its_function_smallest_input_gap_and_bound(
    file, claim, fmt, function
):
    result = judged(file, claim, fmt)
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.operation == function
    assert has_hexadecimal(result.smallest.inputs)
    assert result.smallest.gap > result.smallest.bound >= 0


@pytest.mark.parametrize(
    ("file", "claim", "fmt"),
    [
        pytest.param(file, claim, fmt, id=f"{file}-{claim}-{fmt}")
        for turn, (file, claims) in enumerate(RIGHT)
        for claim in claims
        for fmt in in_turn(tuple(FORMATS), turn, 2)
    ],
)
def test_a_right_file_is_no_defect(file, claim, fmt):
    assert judged(file, claim, fmt).verdict not in {Verdict.DEFECT, Verdict.UNDECIDED}


def test_what_a_file_states_is_what_excuses_it():
    assert judged("states_its_accuracy", QUARTER, "float16", ulps={}).verdict is Verdict.DEFECT
    unstated = judged("states_its_working_format", FORWARD, "bfloat16", working="wide")
    assert unstated.verdict is Verdict.DEFECT
    assert unstated.smallest.operation == "linear"


@pytest.mark.parametrize(("file", "what"), MISBEHAVING, ids=[row[0] for row in MISBEHAVING])
def test_a_function_that_misbehaves_is_a_defect_that_says_how(file, what):
    result = judged(file, QUARTER, "float32")
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.message == what


@pytest.mark.parametrize(("file", "reason"), UNUSABLE, ids=[row[0] for row in UNUSABLE])
def test_an_unusable_file_ends_with_the_reason_in_one_line(file, reason, capsys, tmp_path):
    arguments = ["--implementation", str(FILES / f"{file}.py"), "--report", str(tmp_path)]
    assert cli.run(["check", *arguments]) == cli.UNUSABLE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith(f"backproof: {file}.py")
    assert reason in err.splitlines()[-1]


def test_the_command_line_tells_right_files_from_wrong_ones(capsys, tmp_path):
    options = ["--profile", "dev", "--jobs", "1", "--report", str(tmp_path)]

    def run(file: str, claim: str, fmt: str) -> int:
        arguments = ["--implementation", str(FILES / f"{file}.py"), "--claims", claim]
        return cli.run(["check", *arguments, "--formats", fmt, *options])

    assert run("torch_plain", SKIP, "float32") == cli.EXPECTED
    assert run("power_integer_exponent", OVERFLOW, "float16") == cli.UNEXPECTED
    report = " ".join(capsys.readouterr().out.split())
    assert "q = 0x1.8p+0 (1.5) power delivered 2.0, exact 1.5: gap 0.5 > bound" in report


def test_every_file_is_judged():
    tables = (WRONG, RIGHT, MISBEHAVING, UNUSABLE)
    assert {row[0] for table in tables for row in table} == {
        path.stem for path in FILES.iterdir() if path.suffix == ".py"
    }
