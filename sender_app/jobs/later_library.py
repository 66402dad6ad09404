"""A library of ctypes that is declared in one process and loaded in its forks."""

import ctypes
from collections.abc import Mapping
from functools import cached_property
from typing import Any


class LaterLibrary:
    """Looks like `ctypes.CDLL(path)`, which is only made when one of its functions is called.

    What is set on a function before (`argtypes`, `restype`, `errcheck`) holds once it is loaded.
    `answers` are given for functions without arguments until then; the loading raises RuntimeError
    where the library itself answers otherwise.
    """

    def __init__(self, path: str, answers: Mapping[str, object]) -> None:
        self._path = path
        self._answers = answers
        self._declared: dict[str, LaterFunction] = {}

    def __getattr__(self, name: str) -> "LaterFunction":
        if name.startswith("_"):
            raise AttributeError(name)
        return self._declared.setdefault(name, LaterFunction(self, name))

    def call(self, name: str, args: tuple[object, ...]) -> Any:
        """Call a function by its name; raises AttributeError where the library has none."""
        if name in self._answers and "_library" not in vars(self):
            return self._answers[name]
        return getattr(self._library, name)(*args)

    @cached_property
    def _library(self) -> ctypes.CDLL:
        library = ctypes.CDLL(self._path)
        for name, declared in list(self._declared.items()):
            function = getattr(library, name, None)  # not every build has all that are declared
            if function is not None:
                for setting, value in vars(declared).items():
                    setattr(function, setting, value)
                setattr(self, name, function)  # for whoever asks from now on
        for name, expected in self._answers.items():
            if (found := getattr(library, name)()) != expected:
                raise RuntimeError(f"{name} of {self._path} is {found!r}, not {expected!r}")
        return library


class LaterFunction:
    """A function of a LaterLibrary; takes any setting of a function of ctypes."""

    __slots__ = ("__dict__", "_library", "_name")

    def __init__(self, library: LaterLibrary, name: str) -> None:
        self._library = library
        self._name = name

    def __call__(self, *args: object) -> Any:
        return self._library.call(self._name, args)
