"""Measurements, one file a claim; each prints the machine and the command it ran with."""
