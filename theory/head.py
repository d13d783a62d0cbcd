"""What a head is: an inert SymPy function that stays as written until it is proved or run."""

from typing import Any, ClassVar

from sympy import Function

from theory.kind import Kind
from theory.sources import Citation


class Head(Function):  # type: ignore[misc]  # SymPy is untyped
    """An inert function: its name in formulas, its signature, its definition and its source.

    Subclasses state `parameters` (the names of the arguments, in order), `symbol` (LaTeX) and
    `source`; the docstring is what `backproof heads` prints. `mark` is the kind of claim that the
    head alone makes of a formula. Raises TypeError for a wrong number of arguments, with the
    signature.
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    symbol: ClassVar[str] = ""
    source: ClassVar[Citation | None] = None
    mark: ClassVar[Kind] = Kind.T

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        """Apply the head; the number of arguments is checked here."""
        if cls.parameters and len(arguments) != len(cls.parameters):
            raise TypeError(
                f"{cls.__name__} takes {len(cls.parameters)} arguments, got {len(arguments)}: "
                f"write {cls.signature()}"
            )
        return super().__new__(cls, *arguments, **options)

    @classmethod
    def signature(cls) -> str:
        """The call as a formula or an implementation writes it."""
        return f"{cls.__name__}({', '.join(cls.parameters)})"

    def _sympystr(self, printer: Any) -> str:
        # As in _latex: SymPy would print a head called Transpose as its own, and fail.
        return f"{type(self).__name__}({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        # SymPy's printers dispatch on the class name and would print a head called Gradient
        # as something else, so every head prints itself.
        arguments = ", ".join(printer._print(argument) for argument in self.args)
        name = self.symbol or rf"\operatorname{{{type(self).__name__}}}".replace("_", r"\_")
        power = f"^{{{exp}}}" if exp else ""
        return rf"{name}{power}\left({arguments}\right)"
