"""What an exception says, in one line that is fit for a report."""

LONGEST = 300


def one_line(error: BaseException) -> str:
    """The kind of an exception and what it says, on one line and without control characters.

    Foreign code raises what it likes: a message may be empty, or fail when it is asked for.
    """
    try:
        said = " ".join(str(error).split())
    except Exception:
        said = ""
    printable = "".join(filter(str.isprintable, said))
    return f"{type(error).__name__}: {printable[:LONGEST]}".rstrip(": ")
