"""The architecture: who may import whom, and what the core never touches."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cherryrec", "streams", "gpu_worker")
MAX_LINES = 400

LAYERS: tuple[tuple[str, ...], ...] = (
    ("compiled", "errors", "foreign"),
    ("events", "placement"),
    ("codec", "topics"),
    ("text", "listwise", "schemas", "seen", "co_reads"),
    ("profile", "attention", "exposures", "slates"),
    ("catalogue",),
    ("activity", "reader"),
    ("knrs", "cnle", "vans"),
    ("features", "open_requests"),
    ("contrasts",),
    ("feedback", "learner", "stored_requests"),
    ("pipeline",),
    ("system",),
    ("evaluation", "supervised"),
    ("cli",),
)
"""Parts of the core from the bottom up; a part imports from the layers below its own only."""

LAYER_OF = {part: number for number, parts in enumerate(LAYERS) for part in parts}
ABOVE_THE_CORE = {
    "cli",  # may import streams and gpu_worker, inside functions
    "supervised",  # what streams and gpu_worker share at the edge: threads, probes, Kafka's ids
}

ALLOWED = {"numba", "numpy", "river", "msgspec", "cherryrec", *sys.stdlib_module_names}
LAZILY_ALLOWED = {
    "evaluation": {"lightgbm", "matplotlib", "pyarrow", "rich"},
    "text": {"safetensors", "tokenizers"},
}

FORBIDDEN_MODULES = {"random", "secrets", "time", "logging", "socket", "threading", "asyncio"}
FORBIDDEN_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("os", "environ"),
    ("os", "getenv"),
    ("os", "urandom"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
}
UNSEEDED = {"seed", "rand", "randn", "random", "choice", "shuffle", "permutation", "randint"}

GPU_LIBRARIES = {
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "accelerate",
    "safetensors",
    "gguf",
    "tokenizers",
}


class Import(NamedTuple):
    """One imported module, and whether a function imports it when it is called."""

    module: str
    is_lazy: bool

    @property
    def top(self) -> str:
        return self.module.split(".")[0]


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


FILES = [path for package in PACKAGES for path in sources(package)]
CORE = [p for p in sources("cherryrec") if p.relative_to(ROOT).parts[1] not in ABOVE_THE_CORE]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(path: Path) -> Iterator[Import]:
    """Yield what a file imports; an import for type checking only is as lazy as can be."""

    def walk(node: ast.AST, is_lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, is_lazy) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{name_of(path)}: imports are absolute"
                assert child.module is not None
                yield Import(child.module, is_lazy)
                for alias in child.names:  # a name may be a module of its own
                    if (ROOT / child.module.replace(".", "/") / f"{alias.name}.py").is_file():
                        yield Import(f"{child.module}.{alias.name}", is_lazy)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
                yield from walk(child, is_lazy or inside or typing)

    return walk(tree_of(path), False)


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


def test_every_part_of_the_core_has_its_layer() -> None:
    parts = {part_of(path) for path in sources("cherryrec")} - {"__init__", "__main__"}

    assert parts - LAYER_OF.keys() == set(), "give a new part its place in LAYERS"


@pytest.mark.parametrize("path", sources("cherryrec"), ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(path)
    if part in {"__init__", "__main__"}:
        return
    for imported in imports(path):
        names = imported.module.split(".")
        if names[0] != "cherryrec" or len(names) == 1 or names[1] == part:
            continue
        assert LAYER_OF[names[1]] < LAYER_OF[part], (
            f"{name_of(path)} imports {imported.module}: {part} lies below or beside {names[1]}"
        )


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_imports_only_what_it_computes_with(path: Path) -> None:
    lazily = LAZILY_ALLOWED.get(part_of(path), set())
    for imported in imports(path):
        allowed = ALLOWED | (lazily if imported.is_lazy else set())
        assert imported.top in allowed, f"{name_of(path)} imports {imported.module}"


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_reads_no_clock_no_environment_and_no_chance(path: Path) -> None:
    measures = name_of(path) == "cherryrec/evaluation/replay/local.py"  # latencies, in no output
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            assert measures, f"{name_of(path)} imports from time"
            assert [alias.name for alias in node.names] == ["perf_counter"]
        elif isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
            assert not names & FORBIDDEN_MODULES, f"{name_of(path)} imports {names}"
        elif isinstance(node, ast.ImportFrom):
            assert node.module not in FORBIDDEN_MODULES, f"{name_of(path)} imports {node.module}"
        elif isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split(".")
            pair = (parts[-2] if len(parts) > 1 else "", parts[-1])
            assert pair not in FORBIDDEN_CALLS, f"{name_of(path)}:{node.lineno} {'.'.join(parts)}"
            is_global_chance = parts[:2] in (["np", "random"], ["numpy", "random"])
            assert not (is_global_chance and parts[-1] in UNSEEDED and len(parts) == 3), (
                f"{name_of(path)}:{node.lineno} draws from numpy's global state"
            )
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
            assert node.args, f"{name_of(path)}:{node.lineno} makes a generator without a seed"


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_unpickles_nothing(path: Path) -> None:
    assert {imported.top for imported in imports(path)}.isdisjoint({"pickle", "shelve", "dill"})


@pytest.mark.parametrize(
    ("package", "other"), [("streams", "gpu_worker"), ("gpu_worker", "streams")]
)
def test_streams_and_gpu_worker_meet_in_the_core_only(package: str, other: str) -> None:
    for path in sources(package):
        for imported in imports(path):
            assert imported.top != other, f"{name_of(path)} imports {imported.module}"
            assert not imported.module.startswith("cherryrec.cli"), name_of(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_backends_finetuning_and_networks_import_model_libraries(path: Path) -> None:
    folders = (ROOT / "gpu_worker" / name for name in ("backends", "finetune", "sequential"))
    is_backend = any(path.is_relative_to(folder) for folder in folders)
    lazily = LAZILY_ALLOWED.get(part_of(path), set())  # files, and no network to run
    for imported in imports(path):
        if imported.top in GPU_LIBRARIES and not (imported.is_lazy and imported.top in lazily):
            assert is_backend, f"{name_of(path)} imports {imported.module}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_is_longer_than_it_reads_well(path: Path) -> None:
    n_lines = len(path.read_text().splitlines())

    assert n_lines <= MAX_LINES, f"{name_of(path)} has {n_lines} lines: split it"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_annotations_are_never_evaluated(path: Path) -> None:
    tree = tree_of(path)
    if len(tree.body) > 1:
        has = any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body)
        is_bare = all(isinstance(n, ast.Expr | ast.Import | ast.ImportFrom) for n in tree.body[1:3])
        assert has or is_bare, f"{name_of(path)} lacks `from __future__ import annotations`"


PACKAGE_FILES = [path for path in FILES if path.name == "__init__.py"]


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
def test_a_package_lists_exactly_what_it_exports(path: Path) -> None:
    tree = tree_of(path)
    package = ".".join(path.parent.relative_to(ROOT).parts)
    exported: list[str] = []
    taken: set[str] = set()  # from its own modules
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            taken |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "__all__":
                exported = list(ast.literal_eval(node.value))
            else:
                defined.add(node.targets[0].id)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)

    assert {name for name in taken if not name.startswith("_")} <= set(exported)
    assert set(exported) <= taken | defined
    assert len(set(exported)) == len(exported)
    assert ast.get_docstring(tree) or not tree.body, f"{name_of(path)} says nothing of its part"


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_a_module_defines_all_that_it_lists(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    loaded = importlib.import_module(module)

    for name in getattr(loaded, "__all__", ()):
        assert hasattr(loaded, name), f"{module}.__all__ lists {name!r}"


@pytest.mark.slow
def test_importing_the_core_imports_nothing_heavy() -> None:
    code = (
        "import sys, cherryrec.pipeline, cherryrec.evaluation.replay;"
        "print([m for m in ('torch', 'faust', 'aiokafka', 'kafka', 'matplotlib', 'rocksdict')"
        " if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == "[]"
