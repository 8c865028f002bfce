"""Text of the form format=flowed put back into paragraphs (RFC 3676)."""


def unflow(text: str, *, delsp: bool) -> str:
    r"""Return `text` with its soft line breaks undone, line ends being `\n`.

    `delsp` tells that the space before a soft break is to go. Lines of different quote depth are
    never joined, and the signature separator is always a line of its own.
    """
    out: list[str] = []
    gathered: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        now = len(line) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        if gathered and (now != depth or content == "-- "):
            out.append(_line(depth, gathered))
            gathered = []
        depth = now
        gathered.append(content[:-1] if soft and delsp else content)
        if not soft:
            out.append(_line(depth, gathered))
            gathered = []
    if gathered:
        out.append(_line(depth, gathered))
    return "\n".join(out)


def _line(depth: int, pieces: list[str]) -> str:
    text = "".join(pieces)
    return f"{'>' * depth} {text}" if depth else text
