"""Implementations by name or from a user's file, and a user's own chapter of claims.

Whatever is wrong with a file becomes one UnusableFile of one line: what happened, the likely cause,
what to write instead. torch is imported only where it is asked for.
"""

import hashlib
import inspect
import math
import sys
import traceback
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from checks import modes
from checks.implementation import Implementation
from checks.oneline import one_line
from checks.unusable import UnusableFile, did_you_mean
from checks.vocabulary import BASELINES, BUILT_IN, DEVICES_OF, LAYOUTS
from theory.claim import REGISTRY, Claim, ClaimError, check_links
from theory.heads import HEADS

WORKING_FORMATS = ("wide", "storage")


def load(spec: str, device: str) -> Implementation:
    """The implementation of a built-in name, or of a file. Raises UnusableFile.

    What a file leaves out is filled in from the built-in implementation of its array library, and
    `answers_for` are the heads that it defines.
    """
    if spec in BUILT_IN:
        if device not in DEVICES_OF[spec]:
            raise UnusableFile(f"{spec} runs on the cpu only; write --devices cpu")
        return _built_in(spec, device)
    path, text = _read(spec)
    return _from_module(path.name, path, _execute(path, text), device)


def load_chapter(file: str | Path) -> tuple[Claim, ...]:
    """Enter the claims of a user's file in the book and return them. Raises UnusableFile."""
    import theory.book  # noqa: F401  # the book comes first, so that a second name is noticed here

    path, text = _read(str(file))
    known = _CHAPTERS.get((path, text), ())
    if known and all(REGISTRY.get(entry.name) is entry for entry in known):
        return known
    before = dict(REGISTRY)
    try:
        _execute.__wrapped__(path, text)
        entered = tuple(entry for name, entry in REGISTRY.items() if name not in before)
        if not entered:
            raise UnusableFile(
                f"{path.name}: defines no claim; write @claim(source=...) above a function that "
                "returns a relation"
            )
        check_links(REGISTRY.values())
    except BaseException as error:
        REGISTRY.clear()
        REGISTRY.update(before)
        if isinstance(error, ClaimError):
            raise UnusableFile(f"{path.name}: {error}") from error
        raise
    _CHAPTERS[path, text] = entered
    return entered


_CHAPTERS: dict[tuple[Path, str], tuple[Claim, ...]] = {}


def _built_in(name: str, device: str) -> Implementation:
    if name == "ideal":
        from checks.implementations.ideal import IDEAL

        return IDEAL
    if name == "numpy-textbook":
        from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK

        return NUMPY_TEXTBOOK
    from checks.implementations.torch_eager import torch_eager

    return torch_eager(device)


# -- reading and executing ------------------------------------------------------------------------


def _read(spec: str) -> tuple[Path, str]:
    """The file's absolute path and its text."""
    path = Path(spec)
    try:
        if path.is_dir():
            raise UnusableFile(f"{spec} is a directory; give one .py file of it")
        if path.suffix != ".py":
            raise UnusableFile(
                f"{spec} is no .py file and no built-in implementation"
                f"{did_you_mean(spec, BUILT_IN)}; give the path of a .py file, or one of "
                f"{', '.join(BUILT_IN)}"
            )
        if not path.exists():
            raise UnusableFile(f"{spec}: there is no such file; check the path")
        return path.resolve(), path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableFile(
            f"{spec}: byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnusableFile(f"{spec}: cannot be read ({reason}); check its permissions") from error


@lru_cache
def _execute(path: Path, text: str) -> ModuleType:
    """The module that the file makes, under a name of its own."""
    # A name with a dot: the last part is what a chapter is called.
    folder = hashlib.sha256(str(path.parent).encode()).hexdigest()[:6]
    module = ModuleType(f"backproof_file_{folder}.{path.stem}")
    module.__file__ = str(path)
    # dataclasses, pickle and torch.compile look a function's module up by its name.
    sys.modules[module.__name__] = module
    try:
        with _importing_beside(path), redirect_stdout(sys.stderr), modes.put_back():
            exec(compile(text, str(path), "exec"), vars(module))
    except BaseException as error:
        del sys.modules[module.__name__]
        if isinstance(error, KeyboardInterrupt | ClaimError):
            raise
        raise _unusable(path, error) from error
    return module


def _unusable(path: Path, error: BaseException) -> UnusableFile:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return UnusableFile(
            f"{path.name}, line {error.lineno}: is no Python ({error.msg}); mend the syntax"
        )
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    place = f"{path.name}, line {lines[-1]}" if lines else path.name
    if isinstance(error, SystemExit):
        return UnusableFile(
            f"{place}: exits while it is imported; put what is to run as a script under "
            'if __name__ == "__main__":'
        )
    return UnusableFile(
        f"{place}: raised {one_line(error)} while it was imported; see that "
        f"`python {path.name}` runs"
    )


@contextmanager
def _importing_beside(path: Path) -> Iterator[None]:
    """Let the file import its neighbours; last on the path, where their names hide no library."""
    folder = str(path.parent)
    added = folder not in sys.path
    if added:
        sys.path.append(folder)
    try:
        yield
    finally:
        if added and folder in sys.path:
            sys.path.remove(folder)


# -- what a module defines ------------------------------------------------------------------------


def _from_module(file: str, path: Path, module: ModuleType, device: str) -> Implementation:
    stated: Mapping[str, Any] = vars(module)
    library = stated.get("ARRAY_LIBRARY", "torch")
    if not isinstance(library, str) or library not in BASELINES:
        raise UnusableFile(
            f'{file}: unknown ARRAY_LIBRARY {library!r}; write ARRAY_LIBRARY = "torch" or "numpy"'
        )
    if device not in DEVICES_OF[BASELINES[library]]:
        raise UnusableFile(
            f"{file}: its ARRAY_LIBRARY is numpy, which has no {device}; write --devices cpu"
        )
    functions = _functions(file, stated)
    answers_for = frozenset(name.removesuffix("_backward") for name in functions)
    base = _built_in(BASELINES[library], device)
    return replace(
        base,
        name=_name(file, path, stated),
        functions=MappingProxyType({**base.functions, **functions}),
        answers_for=answers_for,
        working=_working(file, stated),
        ulps=_ulps(file, stated, answers_for),
        layouts=_layouts(file, stated),
        path=path,
        misspelt=_misspelt(module, functions),
    )


def _functions(file: str, stated: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    functions = {}
    for head in HEADS.values():
        backward = f"{head.__name__}_backward"
        for name, parameters in (
            (head.__name__, head.parameters),
            (backward, ("grad", *head.parameters, "output")),
        ):
            if name in stated and not _is_for_numbers(stated[name]):
                _refuse_uncallable(file, name, stated[name], parameters)
                functions[name] = stated[name]
    if not functions:
        near = next((f", and {name} is none{hint}" for name, hint in _nearly(stated, HEADS)), "")
        raise UnusableFile(
            f"{file}: defines no head{near}; name functions as `backproof heads` prints them"
        )
    return functions


def _misspelt(module: ModuleType, functions: Container[str]) -> tuple[str, ...]:
    """The file's own functions that are called nearly like a head, or like its backward pass."""
    known = [name for head in HEADS for name in (head, f"{head}_backward")]
    own = {
        name: value
        for name, value in vars(module).items()
        if name not in functions
        and name[0] != "_"
        and getattr(value, "__module__", "") == module.__name__
    }
    return tuple(f"{name}{hint}" for name, hint in _nearly(own, known, at_least=0.85))


def _nearly(
    stated: Mapping[str, Any], known: Iterable[str], at_least: float = 0.6
) -> Iterator[tuple[str, str]]:
    """The functions that are called nearly like a known one, each with that as a question."""
    for name, value in stated.items():
        if callable(value) and (hint := did_you_mean(name.lower(), known, at_least)):
            yield name, hint


def _is_for_numbers(value: Any) -> bool:
    """Whether it is the C library's function, imported to help, such as math.tanh."""
    return getattr(value, "__module__", "") in {"math", "cmath"}


def _refuse_uncallable(file: str, name: str, value: Any, parameters: tuple[str, ...]) -> None:
    proper = f"def {name}({', '.join(parameters)})"
    if not callable(value):
        raise UnusableFile(
            f"{file}: {name} is a {type(value).__name__} and no function; write {proper}, or give "
            "it another name"
        )
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):  # functions written in C need not tell
        return
    try:
        signature.bind(*parameters)
    except TypeError as error:
        raise UnusableFile(
            f"{file}: {name}{signature} cannot take {len(parameters)} arguments by position "
            f"({error}); write {proper}"
        ) from error


def _name(file: str, path: Path, stated: Mapping[str, Any]) -> str:
    name = stated.get("NAME", path.stem)
    if not (isinstance(name, str) and name.strip() and name.isprintable()):
        raise UnusableFile(f'{file}: NAME is {name!r}; write one line of text: NAME = "my-kernels"')
    if name in BUILT_IN:
        raise UnusableFile(
            f"{file}: {name} is the name of a built-in implementation; "
            f'write NAME = "my-{name}" in the file'
        )
    return name


def _working(file: str, stated: Mapping[str, Any]) -> str:
    working = stated.get("WORKING_FORMAT", "wide")
    if not isinstance(working, str) or working not in WORKING_FORMATS:
        raise UnusableFile(
            f'{file}: unknown WORKING_FORMAT {working!r}; write WORKING_FORMAT = "storage" where '
            'inner operations round to the storage format, else "wide"'
        )
    return working


def _ulps(file: str, stated: Mapping[str, Any], answers_for: frozenset[str]) -> Mapping[str, float]:
    ulps = stated.get("ULPS", {})
    proper = 'write ULPS = {"sigmoid": 3}'
    if not isinstance(ulps, Mapping):
        raise UnusableFile(f"{file}: ULPS is a {type(ulps).__name__} and no dictionary; {proper}")
    for name, value in ulps.items():
        if name not in answers_for:
            raise UnusableFile(
                f"{file}: ULPS states {name!r}, which this file does not define"
                f"{did_you_mean(str(name), answers_for)}; state the heads that it defines"
            )
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < math.inf:
            raise UnusableFile(
                f"{file}: ULPS states {value!r} for {name}; {proper}, a positive number"
            )
    return MappingProxyType({name: float(value) for name, value in ulps.items()})


def _layouts(file: str, stated: Mapping[str, Any]) -> tuple[str, ...]:
    layouts = stated.get("LAYOUTS", tuple(LAYOUTS))
    proper = "write LAYOUTS = () where functions take contiguous arrays only, else some of " + (
        ", ".join(map(repr, LAYOUTS))
    )
    if not isinstance(layouts, tuple | list | set | frozenset):
        raise UnusableFile(f"{file}: LAYOUTS is a {type(layouts).__name__} and no tuple; {proper}")
    for name in layouts:
        if not isinstance(name, str) or name not in LAYOUTS:
            raise UnusableFile(
                f"{file}: LAYOUTS states {name!r}{did_you_mean(str(name), LAYOUTS)}; {proper}"
            )
    return tuple(name for name in LAYOUTS if name in layouts)
