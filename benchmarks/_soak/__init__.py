"""A soak: what readers send for hours, what the parts hold meanwhile, and the table of it."""
