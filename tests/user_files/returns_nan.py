"""Misbehaves: 0/0 everywhere."""


def sigmoid(x):
    return (x - x) / (x - x)
