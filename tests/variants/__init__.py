"""Right but unusual implementations; importing a file of this folder enters its variants."""

from importlib import import_module
from pkgutil import iter_modules

from tests.variants.variant import VARIANTS as VARIANTS

for _file in iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
