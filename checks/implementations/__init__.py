"""The implementations that come with the suite."""
