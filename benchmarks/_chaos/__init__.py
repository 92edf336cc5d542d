"""The promises under a storm: what is sent, what is done to the parts, and what must be left."""
