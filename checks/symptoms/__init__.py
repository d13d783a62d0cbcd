"""Symptoms: how to know from a training record that gradients vanish or explode.

A measurement is what a run wrote down, a symptom what a rule reads out of it, and a cause what is
really wrong. `records` keeps the three apart, `rules` leads from the first to the second, `zoo`
knows the third, and `judge` counts how often the second tells the third.
"""
