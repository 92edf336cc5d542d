"""Build the site of README and docs into var/site: `make site`.

The pages are written for a repository, where README is the first, folders can be linked to, and so
can sources. Here README becomes the index, folders get a page that lists them, and what lies
outside docs is named without a link. Zensical then checks every link and anchor.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTED = {
    "decisions": "Why it is so",
    "schemas": "Schemas",
}
"""Folders that pages link to, and the titles of their pages."""

LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")


def main() -> int:
    """Build into var/site, and return Zensical's exit code."""
    folder = ROOT / "var" / "site"
    shutil.rmtree(folder, ignore_errors=True)
    stage(folder)
    return build(folder)


def build(folder: Path) -> int:
    """Have Zensical build what was staged in a folder, into `site` in it; return its exit code."""
    program = Path(sys.executable).parent / "zensical"
    command = [str(program), "build", "--strict", "-f", "mkdocs.yml"]
    return subprocess.run(command, cwd=folder, check=False).returncode


def stage(folder: Path) -> None:
    """Write what Zensical reads into a folder."""
    docs = folder / "docs"
    shutil.copytree(ROOT / "docs", docs)
    shutil.copy(ROOT / "deploy" / "site" / "mkdocs.yml", folder)
    for page in docs.rglob("*.md"):
        source = ROOT / "docs" / page.relative_to(docs)
        page.write_text(linked(page.read_text("utf-8"), source, page.relative_to(docs)), "utf-8")
    readme = ROOT / "README.md"
    (docs / "index.md").write_text(
        linked(readme.read_text("utf-8"), readme, Path("index.md")), "utf-8"
    )
    for name, title in LISTED.items():
        (docs / name / "index.md").write_text(listing(docs / name, title), "utf-8")


def linked(text: str, source: Path, page: Path) -> str:
    """Return a page's text with links that lead somewhere on the site.

    Parameters
    ----------
    text
        Markdown.
    source
        Where it lies in the repository.
    page
        Where it lies among the site's pages.
    """

    def one(found: re.Match[str]) -> str:
        shown, name, anchor = found[1], found[2], found[3] or ""
        if not name:
            return found[0]
        target = (source.parent / name).resolve()
        if target == ROOT / "README.md":
            return f"[{shown}]({up(page)}index.md{anchor})"
        if not target.is_relative_to(ROOT / "docs"):
            return shown
        place = target.relative_to(ROOT / "docs")
        place = place / "index.md" if str(place) in LISTED else place
        return f"[{shown}]({up(page)}{place.as_posix()}{anchor})"

    return LINK.sub(one, text)


def up(page: Path) -> str:
    """Return the way from a page to the top."""
    return "../" * (len(page.parts) - 1)


def listing(folder: Path, title: str) -> str:
    """Return a page that lists a folder: pages by their titles, other files by name."""
    lines = [f"# {title}", ""]
    for path in sorted(folder.iterdir()):
        if path.suffix == ".md" and path.name != "index.md":
            heading = path.read_text("utf-8").split("\n", 1)[0].removeprefix("# ")
            lines.append(f"- [{heading}]({path.name})")
        elif path.suffix == ".json":
            lines.append(f"- [{path.stem}]({path.name})")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
