"""What cells are named with, for those who only talk about them: importing this is free."""

FORMATS = ("float16", "bfloat16", "float32", "float64")
DEVICES = ("cpu", "cuda")
BUILT_IN = ("ideal", "numpy-textbook", "torch-eager")
DEVICES_OF = {"ideal": ("cpu",), "numpy-textbook": ("cpu",), "torch-eager": DEVICES}
# Whose verdicts excuse those of a user's file, by the array library that it is written in.
BASELINES = {"numpy": "numpy-textbook", "torch": "torch-eager"}
# The one cell of a claim about runs of networks.
MEASURED_ON = ("torch-eager", "float32", "cpu")
# How `backproof list` groups the claims.
GROUPINGS = ("chapter", "document", "verdict")

# How arrays are laid out, beside contiguous, when functions are called: see `checks.layouts`.
LAYOUTS = {
    "strided": "every second entry of wider arrays",
    "cut": "the inside of wider arrays",
    "transposed": "arrays whose columns lie in one piece",
    "single": "numbers without dimensions, and arrays without numbers",
    "frozen": "arrays every other of which needs no gradient",
    "images": "(batch, channels, height, width)",
    "channels last": "(batch, channels, height, width), its channels last in memory",
}
