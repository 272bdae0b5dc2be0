"""The database's history: Alembic versions, the roles of the processes and what each may write."""
