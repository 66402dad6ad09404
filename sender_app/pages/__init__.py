"""The pages; thin: what they show is in states, how it looks in components."""
