"""Misbehaves: one number for a whole array."""


def sigmoid(x):
    return x.sigmoid().sum()
