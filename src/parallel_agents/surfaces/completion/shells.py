"""Shells: the script that makes each shell ask for completions, and the file in which it belongs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

BEGIN = "# >>> pagents completion >>>"
END = "# <<< pagents completion <<<"


class Shell(StrEnum):
    """A shell that can complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


# The command that was typed answers, so that each environment completes its own version. Without
# an answer the shell completes names of files.
_BASH = """\
_pagents_complete() {
  local IFS=$'\\n'
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${PARALLEL_AGENTS_HOME:-}" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  case "${COMPREPLY[0]:-}" in *[:/]) compopt -o nospace 2>/dev/null ;; esac
}
complete -o default -o bashdefault -F _pagents_complete pagents
"""
_ZSH = """\
_pagents_complete() {
  local -a found
  found=("${(@f)$("${words[1]}" __complete "${PARALLEL_AGENTS_HOME:-}" "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(${found:#})
  if (( ! ${#found} )); then _files
  elif [[ "${found[1]}" == *[:/] ]]; then compadd -Q -S '' -a found
  else compadd -Q -a found; fi
}
(( ${+functions[compdef]} )) || { autoload -Uz compinit && compinit -i; }
compdef _pagents_complete pagents
"""
_FISH = """\
function __pagents_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] __complete "$PARALLEL_AGENTS_HOME" $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c pagents -f -a '(__pagents_complete)'
"""
_SCRIPTS = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH}


def script_of(shell: Shell) -> str:
    """What the shell has to read, between marks."""
    return f"{BEGIN}\n{_SCRIPTS[shell]}{END}\n"


def file_of(shell: Shell, variables: Mapping[str, str], user_folder: Path) -> Path:
    """The file that the shell reads at its start.

    Args:
        shell: the shell.
        variables: those of the environment, some of which name another folder.
        user_folder: the user's own folder.
    """
    match shell:
        case Shell.BASH:
            return user_folder / ".bashrc"
        case Shell.ZSH:
            return Path(variables.get("ZDOTDIR") or user_folder) / ".zshrc"
        case Shell.FISH:
            config = Path(variables.get("XDG_CONFIG_HOME") or user_folder / ".config")
            return config / "fish" / "completions" / "pagents.fish"


def with_script(text: str, script: str) -> str:
    """The text of a file with a script at the place of an earlier one, or at its end.

    Raises:
        ValueError: the marks in the text do not belong together.
    """
    before, found, after = _parts(text)
    if found:
        return f"{before}{script}{after}"
    gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{script}"


def without_script(text: str) -> str:
    """The text of a file without the script, and without the line that was left before it.

    Raises:
        ValueError: the marks in the text do not belong together.
    """
    before, found, after = _parts(text)
    if not found:
        return text
    return f"{before[:-1] if before.endswith(chr(10) * 2) else before}{after}"


def _parts(text: str) -> tuple[str, str, str]:
    """What is before the marks, between them, and after; only the first is not empty without marks."""
    lines = text.splitlines(keepends=True)
    begins = [n for n, line in enumerate(lines) if line.rstrip() == BEGIN]
    ends = [n for n, line in enumerate(lines) if line.rstrip() == END]
    if not begins and not ends:
        return text, "", ""
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise ValueError(f"it has {len(begins)} lines {BEGIN!r} and {len(ends)} lines {END!r}")
    first, last = begins[0], ends[0] + 1
    return "".join(lines[:first]), "".join(lines[first:last]), "".join(lines[last:])
