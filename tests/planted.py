"""A secret that is found again, however it was written."""

import base64
import urllib.parse
from collections.abc import Iterator

PLANTED = "pl4nted/s3cret+{}"  # changes when encoded as base64 or for a URL


def told(text: str, *words: str) -> list[str]:
    """Those of the words that the text tells."""
    return [word for word in words if any(spelled in text for spelled in spellings(word))]


def spellings(word: str) -> Iterator[str]:
    """The word, and the same in a URL, and as base64 at each of the three places in a longer text."""
    yield word
    yield urllib.parse.quote(word, safe="")
    yield urllib.parse.quote_plus(word)
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + word.encode()).decode()
        yield (encoded[4:] if shift else encoded)[:-4]
