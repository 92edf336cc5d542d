"""Fuzzing of all that decodes: how valid bytes are damaged, and what is fed with them."""
