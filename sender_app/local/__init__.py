"""The embedded default: Postgres, Valkey and Node from wheels, and the processes that use them."""
