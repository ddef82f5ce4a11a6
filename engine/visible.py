"""Data -> what may be shown: it must not move the cursor, nor paint, where it is read."""

from __future__ import annotations


def visible(text: str) -> str:
    r"""Return a text with what cannot be printed written as Python does: a line break is \n."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
