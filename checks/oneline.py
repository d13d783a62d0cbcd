"""What an exception says, in one line that is fit for a report."""

LONGEST = 300


def one_line(error: BaseException) -> str:
    """The kind of an exception and the first line of what it says, without control characters.

    Foreign code raises what it likes: a message may be empty, or fail when it is asked for.
    """
    try:
        lines = str(error).splitlines()
    except Exception:
        lines = []
    said = "".join(filter(str.isprintable, lines[0])) if lines else ""
    return f"{type(error).__name__}: {said[:LONGEST]}".rstrip(": ")
