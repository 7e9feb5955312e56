"""Use cases: load, decide, save. Each runs inside one transaction and returns what is to be answered."""
