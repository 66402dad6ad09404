"""The store on Redis alone, for where there is no Postgres."""
