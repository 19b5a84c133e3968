"""Field texts: what is written under each field of a class, read from its source when it is asked for.

pydantic's `use_attribute_docstrings` reads it while the class is made, which was an eighth of the
gateway's start; few gateways are ever asked for their description.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise


def field_texts(kind: type) -> Mapping[str, str]:
    """The text under each field that a class has or inherits; without its source, none."""
    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        texts.update(_own_texts(each))
    return texts


def _own_texts(kind: type) -> Mapping[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):  # a class of C, or of a package without its source
        return {}
    (found,) = ast.parse(source).body
    body = found.body if isinstance(found, ast.ClassDef) else []
    texts: dict[str, str] = {}
    for declared, after in pairwise(body):
        match declared, after:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                texts[name] = inspect.cleandoc(text)
            case _:
                continue
    return texts
