"""Tables and pictures in bench/README.md, between comments that name who writes them."""

import pathlib
import re
import statistics

README = pathlib.Path(__file__).resolve().parent / "README.md"


def spread(values, digits):
    """The median, and the least and the most where they differ."""
    show = lambda value: f"{value:,.{digits}f}"
    middle, least, most = show(statistics.median(values)), show(min(values)), show(max(values))
    return middle if least == most else f"{middle} ({least}–{most})"


def table(head, rows):
    """In Markdown."""
    line = lambda cells: f"| {' | '.join(map(str, cells))} |"
    return "\n".join([line(head), f"|{'---|' * len(head)}", *map(line, rows)])


def write_section(name, text):
    """Replaces what stands between the comments of that name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = README.read_text()
    written, count = re.subn(f"(?s){re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{text}\n{end}", page)
    if count != 1:
        raise SystemExit(f"{README} has no place for {name}")
    README.write_text(written)
