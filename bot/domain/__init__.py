"""What Rekan knows and decides, without any input or output: the standard library and nothing else."""
