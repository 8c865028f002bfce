"""Tests of the write door."""
