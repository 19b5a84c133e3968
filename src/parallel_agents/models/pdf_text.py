"""PDF text: the text of a PDF for a model that takes none, read by pypdf in a process of its own.

PDFs come from anywhere: one that takes all time or memory to read ends with that process.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from importlib.util import find_spec

from parallel_agents.containment.killing import kill
from parallel_agents.errors import CannotSee, MissingExtra
from parallel_agents.extras import install_line
from parallel_agents.interpreter import python_command

MOST_CHARACTERS = 400_000
_SECONDS = 60.0
_MOST_MEMORY_BYTES = 2 << 30
_MOST_PAGES = 1000
_LIBRARY = "pypdf"


def check_readable(model: str, name: str) -> None:
    """Refuse a PDF that a model does not take, if nothing here reads its text.

    Raises:
        MissingExtra: it says what to install.
    """
    if find_spec(_LIBRARY) is None:
        raise MissingExtra(
            f"{model} takes no PDFs as they are, such as {name}, and nothing here reads their text",
            why=f"the package {_LIBRARY} is not installed",
            hint=f"{install_line('pagents[pdf]')}; or choose a model that takes PDFs",
        )


async def text_of_pdf(content: bytes, name: str) -> str:
    """The text of a PDF, page by page; what is too long is cut and says so.

    Raises:
        MissingExtra: what reads it is not installed.
        CannotSee: it has no text that can be read.
    """
    check_readable("the model", name)
    process = await asyncio.create_subprocess_exec(
        *python_command("parallel_agents.models.pdf_text"), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate(content)
    except TimeoutError:
        output = b""
    finally:
        await kill(process)
    text = output.decode("utf-8", "replace").strip()
    if process.returncode != 0 or not text:
        raise CannotSee(
            f"the PDF {name} has no text that can be read",
            why="it may be a scan, or damaged, or too large to read in a minute",
            hint="choose a model that takes PDFs, or attach its pages as images",
        )
    return text


def main() -> None:
    """Read a PDF from stdin, and write its text to stdout."""
    import io  # noqa: PLC0415 - of the child alone
    import resource  # noqa: PLC0415

    from pypdf import PdfReader  # noqa: PLC0415

    limit = resource.RLIMIT_AS
    with suppress(ValueError, OSError):
        resource.setrlimit(limit, (_MOST_MEMORY_BYTES, resource.getrlimit(limit)[1]))
    is_scan = True
    reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
    left, pages = MOST_CHARACTERS, len(reader.pages)
    for number, page in enumerate(reader.pages, start=1):
        if left <= 0 or number > _MOST_PAGES:
            cut = f"[the rest is cut, from page {number} of {pages}]"
            sys.stdout.buffer.write(cut.encode())
            break
        extracted = page.extract_text().strip()
        is_scan &= not extracted
        text = f"[page {number}]\n{extracted}\n\n"
        if len(text) > left:
            text = f"{text[:left]}\n[the rest of page {number} is cut]\n\n"
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        left -= len(text)
    if is_scan:
        sys.exit("no page has a text")


if __name__ == "__main__":
    main()
