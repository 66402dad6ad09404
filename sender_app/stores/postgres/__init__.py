"""The store on PostgreSQL 18: SQLModel tables, and one module of queries per aggregate."""
