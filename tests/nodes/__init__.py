"""Several gateways on one PostgreSQL, each a program of its own."""
