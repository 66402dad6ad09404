"""Use cases: what people and jobs can do. Each takes an actor, and is one transaction."""
