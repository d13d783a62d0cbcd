"""Misbehaves: double precision, whatever came in."""


def sigmoid(x):
    return x.double().sigmoid()
