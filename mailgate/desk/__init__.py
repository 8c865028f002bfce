"""The one door that writes tickets."""
