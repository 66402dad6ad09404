"""Speed and memory, measured against a peer or a floor in the same run; quote ratios of medians."""
