"""The database: schema, queries, migrations. Knows the domain, decides nothing."""
