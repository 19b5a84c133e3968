"""Bundle: the modules of the dashboard as one script, without a build.

Each module becomes a function that returns what it exports, called after those that it imports. Only the
forms of imports and exports that the modules have are known; a test bundles all of them. In a file there
is no gateway: the modules that ask one are replaced by those that read what is stored, and comments,
indentation and empty lines are left out. What the gateway serves keeps its lines, for whoever reads it in a browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from posixpath import join, normpath
from typing import NamedTuple

_FOLDER = "surfaces/gateway/ui"
_ENTRY = "stored_app.js"
_STYLES = ("style.css", "pages.css", "further.css", "third.css", "fourth.css", "run.css")
_NOTICE = (
    "/*! In this script: Preact (c) 2015-present Jason Miller, and Preact Signals (c) 2022-present Preact Team, "
    "under the MIT License; htm (c) 2018 Google Inc., under the Apache License 2.0. */\n"
)
_REPLACED = {
    "answers.js": "stored_absent.js",
    "api.js": "stored_api.js",
    "live.js": "stored_live.js",
    "curve.js": "stored_curve.js",
    "changes.js": "stored_absent.js",
    "compare_mark.js": "stored_absent.js",
    "flow_steps.js": "stored_absent.js",
    "fork.js": "stored_absent.js",
    "kill.js": "stored_absent.js",
    "pause.js": "stored_absent.js",
    "retry.js": "stored_absent.js",
    "say.js": "stored_absent.js",
    "shell.js": "stored_shell.js",
}
_IMPORT = re.compile(
    r"""^\s*import\s*(?P<what>\{[^}]*\}|\*\s*as\s+\w+|\w+)\s*from\s*["'](?P<path>[^"']+)["'];?""",
    re.M,
)
_NEXT_IMPORT = re.compile(r"""(?<=;)import(?=\{[^}]*\}from["'])""")
_LIST = re.compile(r"""export\s*\{(?P<names>[^}]*)\}(?:\s*from\s*["'](?P<path>[^"']+)["'])?;?""")
_DECLARED = re.compile(r"^export (?P<kind>(?:async )?function|class|const)(?= (?P<name>\w+))", re.M)
_LEFT = re.compile(r"^\s*(import|export)\b(?!\().*", re.M)
_DEFAULT = re.compile(r"export default ")
_COMMENT = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n|/\*\* @.*?\*/ ?|^[ \t]*//[^\n]*\n", re.M | re.S)
# Of templates, too: they have no line whose indentation is shown, and none that is empty.
_INDENTATION = re.compile(r"^[ \t]+", re.M)
_EMPTY_LINES = re.compile(r"\n{2,}")
_AROUND_RULES = re.compile(r"\s*([{};])\s*")
_SOURCE_MAP = re.compile(r"^//# .*$|//# sourceMappingURL=\S+", re.M)
# A comment that has code in it, between lines of their own.
_DISABLED = re.compile(r"^/\*\n.*?^\*/\n", re.M | re.S)


class BundleError(ValueError):
    """A module has an import or an export of a form that is not known here."""


def script() -> str:
    """The pages of an exported file, as one script."""
    folder = files("parallel_agents") / _FOLDER
    return _NOTICE + bundled(folder, _ENTRY, replaced=_REPLACED, shortened=_shortened)


def style() -> str:
    """What they look like."""
    folder = files("parallel_agents") / _FOLDER
    whole = "\n".join((folder / name).read_text("utf-8") for name in _STYLES)
    return _AROUND_RULES.sub(r"\1", whole)


def bundled(
    folder: Traversable,
    entry: str,
    *,
    replaced: Mapping[str, str] | None = None,
    shortened: Callable[[str], str] = str,
) -> str:
    """A module and all that it imports, in one script.

    Modules may be replaced by others, and the texts of our own be shortened.

    Raises:
        BundleError: one cannot be bundled.
    """
    sources = _Sources(folder, replaced or {}, shortened)
    made: dict[str, str] = {}
    _Module(sources, entry, made, ()).add()
    whole = '"use strict";\n(() => {\n' + "".join(made.values()) + "})();\n"
    if re.search(r"</script|<!--", whole, re.I):
        raise BundleError("a module has a text that ends a script in HTML")
    return whole


def _shortened(text: str) -> str:
    return _EMPTY_LINES.sub("\n", _INDENTATION.sub("", _COMMENT.sub("", text)))


class _Sources(NamedTuple):
    """Where the text of a module is, and what of it is wanted."""

    folder: Traversable
    replaced: Mapping[str, str]
    shortened: Callable[[str], str]

    def read(self, path: str) -> str:
        text = (self.folder / path).read_text("utf-8")
        if path.startswith("vendor/"):
            return _DISABLED.sub("", _SOURCE_MAP.sub("", text))
        return self.shortened(text)


class _Module:
    """A module while it is rewritten; it is made after those that it imports."""

    def __init__(
        self, sources: _Sources, path: str, made: dict[str, str], importing: tuple[str, ...]
    ) -> None:
        self._sources = sources
        self._path = path
        self._made = made
        self._importing = (*importing, path)
        self._exports: list[str] = []

    def add(self) -> None:
        text = self._sources.read(self._path)
        body = _IMPORT.sub(self._imported, _NEXT_IMPORT.sub("\nimport", text))
        body = _LIST.sub(self._listed, body)
        body = _DECLARED.sub(self._declared, body)
        body = _DEFAULT.sub(self._defaulted, body)
        if left := _LEFT.search(body):
            raise BundleError(f"{self._path} has a line that is not known: {left[0].strip()[:80]}")
        exports = ", ".join(self._exports)
        self._made[self._path] = (
            f"const {_name(self._path)} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();\n"
        )

    def _name_of(self, target: str) -> str:
        """The name of an imported module, or of what replaces it there; it is made first."""
        found = normpath(join(self._path, "..", target))
        replaced = self._sources.replaced.get(found, found)
        path = found if replaced == self._path else replaced
        if path in self._importing:
            raise BundleError(f"{path} imports itself, by {', '.join(self._importing)}")
        if path not in self._made:
            _Module(self._sources, path, self._made, self._importing).add()
        return _name(path)

    def _imported(self, match: re.Match[str]) -> str:
        what, module = match["what"], self._name_of(match["path"])
        if what.startswith("*"):
            return f"const {what.split()[-1]} = {module};"
        if what.startswith("{"):
            return f"const {{{what[1:-1].replace(' as ', ': ')}}} = {module};"
        return f"const {what} = {module}.default;"

    def _listed(self, match: re.Match[str]) -> str:
        source = f"{self._name_of(match['path'])}." if match["path"] else ""
        for each in match["names"].split(","):
            local, _, name = each.strip().partition(" as ")
            if local:
                self._exports.append(f"{name or local}: {source}{local}")
        return ""

    def _declared(self, match: re.Match[str]) -> str:
        self._exports.append(match["name"])
        return match["kind"]

    def _defaulted(self, _: re.Match[str]) -> str:
        self._exports.append("default: exported")
        return "const exported = "


def _name(path: str) -> str:
    return f"module_{re.sub(r'[^a-z0-9]', '_', path.removesuffix('.js'))}"
