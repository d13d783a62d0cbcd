"""The laws of the book with one thing wrong in each; importing a file here enters its own.

A variant is refuted where simple numbers show it, and open otherwise. Both answers are right; the
one that the prover gives today is asserted, so that it does not get weaker unnoticed.
"""

from importlib import import_module
from pkgutil import iter_modules

from tests.false_variants.variant import VARIANTS as VARIANTS

for _file in iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
