"""`make bench`: what Rekan is held to, measured beside references in the same run (docs/benchmarks.md)."""
