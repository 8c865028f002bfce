"""Attacks, each led through the door by which it would come."""
