"""How claims are checked: formats, lowering, enclosures, implementations, verdicts, reports."""
