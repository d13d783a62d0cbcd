"""Unusable: it needs what is not there."""

raise RuntimeError("no such device")
