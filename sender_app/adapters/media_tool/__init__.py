"""A program of its own that opens strangers' files, so that a hostile one harms nothing else."""
