"""`python -m cherryrec.cli`."""

from __future__ import annotations

from cherryrec.cli import main

if __name__ == "__main__":
    main()
