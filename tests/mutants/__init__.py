"""Wrong implementations; importing a file of this folder enters its mutants."""

from importlib import import_module
from pkgutil import iter_modules

from tests.mutants.mutant import MUTANTS as MUTANTS

for _file in iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
