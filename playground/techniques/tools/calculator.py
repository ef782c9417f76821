"""A calculator that cannot be made to do anything else: numbers, + - × ÷ ^, brackets and a few functions.

calculate("3 × (4 + 1,000) / 2")  →  "1506"
calculate("9**9**9")              →  raises: The result has too many digits.

Exact where that is possible: 0.1 + 0.2 is 0.3. simpleeval, the kept library, calculates in binary fractions.
"""

from __future__ import annotations

import ast
import math
import unicodedata
from collections.abc import Callable
from fractions import Fraction

import regex

from playground.errors import PlaygroundError
from playground.techniques.base import Tool
from playground.techniques.extraction import shown

MAX_CHARS = 500
MAX_BITS = 4_000
"""Of a numerator or denominator: about 1,200 digits."""
_DIGITS = 40


class CannotCalculate(PlaygroundError):
    """An expression that is none, or whose result is none; the message is for the model that wrote it."""


def calculator() -> Tool:
    """The calculator as a tool."""

    async def run(text: str) -> str:
        return calculate(text)

    return Tool(
        name="calculator",
        takes="an arithmetic expression, such as 3 * (4 + 1)",
        run=run,
        schema={
            "type": "object",
            "properties": {"expression": {"type": "string", "description": "such as 3 * (4 + 1)"}},
            "required": ["expression"],
            "additionalProperties": False,
        },
    )


def calculate(text: str) -> str:
    """The value of an expression in digits; raises CannotCalculate."""
    expression = _plain(text)
    if not expression:
        raise CannotCalculate("There is nothing to calculate.", "Write an expression such as 3 * (4 + 1).")
    if len(expression) > MAX_CHARS:
        raise CannotCalculate(f"An expression has at most {MAX_CHARS} characters.", "Calculate in steps.")
    if regex.search(r"\d[a-df-zA-DF-Z_]", expression):
        raise _no_expression(text)  # "5km", and what Python would only warn of
    try:
        tree = ast.parse(expression, mode="eval")
        value = _value(tree.body)
    except ZeroDivisionError:
        raise CannotCalculate("Division by zero.", "Change the expression.") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _no_expression(text) from None
    except OverflowError:
        raise _too_large() from None
    return _shown(value)


_SIGNS = str.maketrans({"×": "*", "·": "*", "∙": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "^": "^", "[": "(", "]": ")", "{": "(", "}": ")"})  # fmt: skip


def _plain(text: str) -> str:
    """The expression with Python's signs; units of money, thousands separators and a trailing "=" left out."""
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).strip().strip("`").strip()
    text = regex.sub(r"\s*=\s*\??\s*$", "", text)
    text = regex.sub(r"\\(?:times|cdot)\b", "*", text).replace("\\div", "/")
    text = regex.sub(r"\p{Sc}", "", text)
    text = regex.sub(r"(?<=\d)[,_](?=\d{3}(?!\d))", "", text)
    text = regex.sub(r"(?<=[\d)])\s*%(?!\s*[\d(\w])", "/100", text)
    text = regex.sub(r"(?<=\d)\s*[xX]\s*(?=[\d(])", "*", text)
    text = regex.sub(r"(?<![\d.])0+(?=\d)", "", text)  # 007 is no number to Python
    text = regex.sub(r"(?<![A-Za-z\d])(\d[\d.]*|\))\s*(?=\()", r"\1*", text)  # 3(4 + 1)
    text = regex.sub(r"\b(?:math|np)\.(?=\w)", "", text)
    return text.replace("^", "**")


Number = Fraction | float

_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Number]]] = {
    "abs": (1, 1, abs),
    "round": (1, 2, lambda value, places=0: round(Fraction(value), _within(_whole(places), 50))),
    "min": (1, 50, min),
    "max": (1, 50, max),
    "sum": (1, 50, lambda *values: sum(values, start=Fraction(0))),
    "floor": (1, 1, lambda value: Fraction(math.floor(value))),
    "ceil": (1, 1, lambda value: Fraction(math.ceil(value))),
    "sqrt": (1, 1, lambda value: _root(value)),
    "gcd": (2, 2, lambda a, b: Fraction(math.gcd(_whole(a), _whole(b)))),
    "lcm": (2, 2, lambda a, b: Fraction(math.lcm(_whole(a), _whole(b)))),
    "factorial": (1, 1, lambda value: Fraction(math.factorial(_within(_whole(value), 300)))),
    "log": (1, 2, lambda value, base=math.e: math.log(value) / math.log(base) if base != math.e else math.log(value)),
    "ln": (1, 1, math.log),
    "log10": (1, 1, math.log10),
    "log2": (1, 1, math.log2),
    "exp": (1, 1, math.exp),
    "sin": (1, 1, math.sin),
    "cos": (1, 1, math.cos),
    "tan": (1, 1, math.tan),
}  # fmt: skip
_CONSTANTS = {"pi": math.pi, "e": math.e, "π": math.pi}


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return _small(Fraction(value))
        case ast.Constant(value=float() as value):
            return Fraction(repr(value)) if math.isfinite(value) and abs(value) < 1e300 else _fail()
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            return _small(_combined(operator, _value(left), _value(right)))
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name.lower() in _FUNCTIONS:
            if len(args) == 1 and isinstance(args[0], ast.List | ast.Tuple):
                args = args[0].elts
            least, most, function = _FUNCTIONS[name.lower()]
            if not least <= len(args) <= most:
                raise CannotCalculate(f"{name} takes {least} to {most} numbers.", "Change the expression.")
            return _small(function(*(_value(each) for each in args)))
    raise CannotCalculate(
        "Only numbers, + - * / // % ^, brackets and functions such as sqrt, round, min and max are calculated.",
        "Write such an expression.",
    )


def _combined(operator: ast.operator, left: Number, right: Number) -> Number:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return Fraction(left // right)
        case ast.Mod():
            return left % right
        case ast.Pow():
            return _power(left, right)
    return _fail()


def _power(base: Number, exponent: Number) -> Number:
    """Bounded before it is calculated: the length of a power is known from its parts."""
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits > 1 and abs(exponent.numerator) * (bits - 1) > MAX_BITS:
            raise _too_large()
        return base**exponent.numerator
    if exponent == Fraction(1, 2):
        return _root(base)
    value = float(base) ** float(exponent)
    return value if isinstance(value, float) else _fail()


def _root(value: Number) -> Number:
    """Exact for squares."""
    if value < 0:
        raise CannotCalculate("A negative number has no square root here.", "Change the expression.")
    exact = Fraction(value)
    above, below = math.isqrt(exact.numerator), math.isqrt(exact.denominator)
    if above**2 == exact.numerator and below**2 == exact.denominator:
        return Fraction(above, below)
    return math.sqrt(value)


def _small(value: Number) -> Number:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > 2 * MAX_BITS:
            raise _too_large()
        return value
    return float(value) if math.isfinite(value) else _fail()


def _whole(value: Number) -> int:
    if value != int(value):
        raise CannotCalculate("A whole number is needed there.", "Change the expression.")
    return int(value)


def _within(value: int, most: int) -> int:
    if not 0 <= value <= most:
        raise CannotCalculate(f"A number from 0 to {most} is needed there.", "Change the expression.")
    return value


def _shown(value: Number) -> str:
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value.numerator) if value.numerator.bit_length() < _DIGITS * 4 else f"{float(value):.12g}"
    number = float(value)
    return shown(number) if "/" not in shown(number) else f"{number:.12g}"


def _no_expression(text: str) -> CannotCalculate:
    return CannotCalculate(
        f'"{text.strip()[:80]}" is no arithmetic expression.', "Write one such as 3 * (4 + 1)."
    )


def _too_large() -> CannotCalculate:
    return CannotCalculate("The result has too many digits.", "Change the expression.")


def _fail() -> Number:
    raise CannotCalculate("The result is no number that can be written.", "Change the expression.")
