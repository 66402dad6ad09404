"""Adapters of the ports: each is the only module that knows its vendor."""
