"""Rehearsals: the whole orientation in simulated time, with a crowd of invented people."""
