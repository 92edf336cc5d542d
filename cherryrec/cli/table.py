"""The table of all settings, from the structs and their documentation."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, Field, fields
from typing import Any

from cherryrec.cli.settings import ENV_PREFIX, SECTIONS, setting_names

__all__ = ["configuration_table"]


def configuration_table() -> str:
    """Return a Markdown table: section and name, default, meaning.

    A section within another has a row that says what it is.
    """
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for section, kind in SECTIONS.items():
        meanings = _meanings(kind)
        if "." in section:
            lines.append(f"| **`[{section}]`** | | {_summary(kind)} |")
        for one in fields(kind):
            if one.name in setting_names(section):
                meaning = meanings.get(one.name, "").replace("|", "\\|")
                lines.append(f"| `{section}.{one.name}` | `{_default(one)}` | {meaning} |")
    lines.append("")
    lines.append(
        f"As a variable: `{ENV_PREFIX}<SECTION>_<NAME>`, a dot an underscore, lists and tables as "
        "JSON. As a file: one TOML table per section."
    )
    return "\n".join(lines)


def _summary(kind: type[Any]) -> str:
    """Return a docstring's first sentence."""
    return inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _default(one: Field[Any]) -> str:
    value = one.default_factory() if one.default_factory is not MISSING else one.default
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value)).replace("'", '"')
    if value is None:
        return "none"
    return str(value) if str(value) else '""'


def _meanings(kind: type[Any]) -> dict[str, str]:
    """Read the Parameters sections of a struct and of those it inherits from: name → text."""
    meanings: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        meanings |= _own_meanings(one)
    return meanings


def _own_meanings(kind: type[Any]) -> dict[str, str]:
    """Read the Parameters section of one docstring: name → text."""
    text = inspect.cleandoc(kind.__doc__ or "")
    found = re.search(r"Parameters\n-+\n(.*?)(?:\n\n[A-Z][a-z]+\n-+|\Z)", text, re.DOTALL)
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in (found[1] if found else "").splitlines():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.split(",")]
        elif names and line.strip():
            for name in names:
                meanings[name] = f"{meanings.get(name, '')} {line.strip()}".strip()
    return meanings
