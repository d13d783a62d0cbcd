"""Documented accuracies of named operations, in ulps. Nothing else in the project is a constant.

An implementation that promises less states it in its file: ULPS = {"sigmoid": 3}.
"""

# exp, log, tanh and their like in the working format. NumPy documents its vectorised float32
# exponential within 2.52 ulp and logarithm within 3.83 ulp (release notes 1.17); SLEEF, which torch
# uses, documents 1.0 ulp; the CUDA programming guide lists 2 ulp for expf and tanhf.
ELEMENTARY = 4.0

# A reciprocal square root: one rounded root and one rounded division, or CUDA's rsqrtf at 2 ulp.
RECIPROCAL_ROOT = 2.0

# erfc, the complementary error function. glibc lists 5 ulp (manual, "Errors in math functions",
# x86_64), and so does the CUDA programming guide for erfc; SLEEF documents 1.5 ulp.
COMPLEMENTARY_ERROR = 5.0

# A whole power of a number. CUDA lists 4 ulp for powf and 2 ulp for pow; C libraries are below 1.
POWER = 4.0

# How far a computed Q may be from orthonormal columns, in units of the roundoff times its larger
# side. LAPACK's own tests accept ‖I − QᵀQ‖₁ / (m·u) below 30 (LAPACK Working Note 41, §6, and the
# threshold in its dtest.in); the error analysis has a small constant that it leaves open (Higham
# 2002, theorem 19.4).
ORTHOGONALITY = 30.0


def units(ulps: float) -> float:
    """An error in ulps as a multiple of the unit roundoff, relative: an ulp is at most 2u·|x|."""
    return 2.0 * ulps
