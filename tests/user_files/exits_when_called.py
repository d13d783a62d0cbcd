"""Misbehaves: it ends the process that calls it."""

import sys


def sigmoid(x):
    sys.exit(0)
