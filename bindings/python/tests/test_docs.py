"""The examples: those of the package's documentation, and those of its README."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import photofit

README = Path(__file__).parents[1] / "README.md"
# These need what is not always installed, and have tests of their own.
ENGINES = {"_rows", "ray", "spark"}
MODULES = [name for _, name, _ in pkgutil.iter_modules(photofit.__path__) if name not in ENGINES]


def test_the_examples_of_the_documentation() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner()
    shown = set()
    for name in MODULES:
        module = importlib.import_module(f"photofit.{name}")
        for thing in vars(module).values():
            ours = getattr(thing, "__module__", "").startswith("photofit")
            if ours and (inspect.isclass(thing) or inspect.isroutine(thing)):
                for test in finder.find(thing, module=False, globs={}):
                    if test.examples and test.name not in shown:
                        shown.add(test.name)
                        runner.run(test)
    for test in finder.find(photofit, "photofit", module=False, globs={}):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert {"prepare", "prepare_file", "probe", "Options", "Preparer", "Prepared", "Error"} <= shown


def test_everything_public_is_documented() -> None:
    for name in set(photofit.__all__) - {"Data", "__version__"}:
        assert (getattr(photofit, name).__doc__ or "").strip(), name


@pytest.mark.parametrize("example", re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL))
def test_the_examples_of_the_readme(example: str, tmp_path: Path) -> None:
    # What they write goes to a folder of its own.
    code = example.replace('"ready/', f'"{tmp_path}/ready/')
    exec(compile(code, str(README), "exec"), {"__name__": "readme"})  # noqa: S102
