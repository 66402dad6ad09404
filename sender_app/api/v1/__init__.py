"""The REST API, version 1: for programs, which bear a token."""
