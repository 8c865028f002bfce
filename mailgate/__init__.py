"""mailgate: a ticket desk behind a support address."""

__version__ = "0.1.0"
