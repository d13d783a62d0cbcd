"""Hypothesis profiles, the cuda marker, and one torch thread for each parallel worker.

Every setting of every profile is written out, so that neither a new Hypothesis nor a CI variable
changes what a run does. Choose one with HYPOTHESIS_PROFILE; the default is `ci`.

    profile   draws          keeps failures   for
    ci        same always    no               every run that decides something
    nightly   new each run   yes              finding what `ci` never draws
    dev       new each run   yes              a quick look while writing
"""

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.database import DirectoryBasedExampleDatabase

# Under xdist the processes already fill the cores. Set before torch and NumPy are imported, as
# both read these only once.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"

FAILURES = DirectoryBasedExampleDatabase(Path(__file__).parent / ".hypothesis" / "examples")

settings.register_profile(
    "ci",
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    # Without explain, which reruns a failure under a line tracer: a finding explains itself.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
    print_blob=True,
    report_multiple_bugs=True,
    stateful_step_count=50,
    # One example may fill a million values on a busy machine; its time says nothing.
    suppress_health_check=(HealthCheck.too_slow,),
    verbosity=Verbosity.normal,
    backend="hypothesis",
)
CI = settings.get_profile("ci")
settings.register_profile(
    "nightly", parent=CI, max_examples=2_000, derandomize=False, database=FAILURES
)
settings.register_profile("dev", parent=CI, max_examples=20, derandomize=False, database=FAILURES)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@cache
def cuda_is_available() -> bool:
    """Whether torch sees a usable CUDA device on this machine."""
    import torch  # slow to import, and most runs select no cuda test

    return torch.cuda.is_available()


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    config.addinivalue_line("markers", "cuda: needs a CUDA device, and skips where there is none")
    config.addinivalue_line("markers", "experiments: trains networks, which takes minutes")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a cuda test on a machine without CUDA."""
    if item.get_closest_marker("cuda") and not cuda_is_available():
        pytest.skip("torch.cuda.is_available() is False on this machine")
