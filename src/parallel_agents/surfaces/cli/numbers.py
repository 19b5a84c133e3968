"""Numbers: a negative number on a command line is a value, not an option."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Any

from typer.core import TyperCommand
from typing_extensions import override

_NUMBER = re.compile(r"-(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class TakesNumbers(TyperCommand):
    """A command that takes `-3` for a value."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # Click can only let all that looks like an unknown option pass, so nothing else may.
        named = {
            name for each in self.get_params(ctx) for name in (*each.opts, *each.secondary_opts)
        }
        dashed = [each for each in takewhile(lambda each: each != "--", args) if each[:1] == "-"]
        others = {each.partition("=")[0] for each in dashed if not _NUMBER.fullmatch(each)}
        ctx.ignore_unknown_options = others <= {"-", *named}
        return super().parse_args(ctx, args)
