"""The database: its tables, the one writer, and queries that take and return domain values."""
