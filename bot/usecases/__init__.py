"""Load, decide, save: what is asked of Rekan, each in one transaction."""
