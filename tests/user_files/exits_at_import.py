"""Unusable: a script that ends itself."""

import sys

print("usage: exits_at_import.py FILE")
sys.exit(3)
