"""Tests of mailgate; `tests/peers` holds the real servers and clients that they talk to."""
