"""Measured claims: starts and trainings of small networks, counted over seeds."""
