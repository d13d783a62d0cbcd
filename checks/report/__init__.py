"""How a run is shown: on the terminal, as plain text and as JSON."""
