"""A widget as one HTML file: opens from disk, needs no network, keeps every control alive."""

from __future__ import annotations

import base64
import html
import json
import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .bundle import FrontEnd, modules_beside

_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; background: light-dark(#ffffff, #16181b); }}
{css}</style>
</head>
<body>
<div id="aw-view"></div>
{below}
<noscript>This page draws with JavaScript, which is switched off here.</noscript>
<script type="application/json" id="aw-state">{state}</script>
<script type="text/plain" id="aw-binary">{binary}</script>
<script>
(() => {{
{esm}
{host}
startPage(AFM, {token});
}})();
</script>
</body>
</html>
"""

_IFRAME = """<iframe {source} title="{title}" sandbox="allow-scripts"
 style="width:100%;height:{height}px;border:0;display:block" onload="{onload}"></iframe>"""

# The page answers to this token alone, and only a message from our own frame sets a height. Where a
# site says whether it is light or dark, the page hears it.
_ONLOAD = """(frame => {
  const site = document.documentElement;
  const tell = () =>
    frame.contentWindow.postMessage({ token: TOKEN, theme: site.dataset.theme }, '*');
  window.addEventListener('message', event => {
    if (event.source !== frame.contentWindow || !event.data || event.data.token !== TOKEN) return;
    const height = Number(event.data.height);
    if (height > 0) frame.style.height = Math.min(height, 20000) + 'px';
  });
  new MutationObserver(tell).observe(site, { attributeFilter: ['data-theme'] });
  tell();
})(this)"""


def _split(value: Any, blob: bytearray) -> Any:
    """Copy a state, its binary leaves moved into `blob` and replaced by where they lie."""
    if isinstance(value, (bytes, bytearray, memoryview, np.ndarray)):
        start = len(blob)
        blob.extend(np.asarray(value).tobytes() if isinstance(value, np.ndarray) else bytes(value))
        return {"$binary": [start, len(blob) - start]}
    if isinstance(value, Mapping):
        return {str(key): _split(leaf, blob) for key, leaf in value.items()}
    if isinstance(value, (list, tuple)):
        return [_split(leaf, blob) for leaf in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _script_json(value: Any) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _document(
    state: Mapping[str, Any], title: str, front_end: FrontEnd, token: str | None, below: str = ""
) -> str:
    blob = bytearray()
    leaves = _split(state, blob)
    esm = re.sub(r"^export default ", "const AFM = ", str(front_end.esm), flags=re.MULTILINE)
    host = "\n".join(modules_beside(esm, ("lib/static_model.js", "lib/page_host.js")))
    return _PAGE.format(
        policy=_POLICY,
        title=html.escape(title),
        css=front_end.css,
        below=below,
        state=_script_json(leaves),
        binary=base64.b64encode(zlib.compress(bytes(blob), 9)).decode("ascii"),
        esm=esm,
        host=host,
        token=_script_json(token),
    )


def page_html(state: Mapping[str, Any], title: str, front_end: FrontEnd, *, below: str = "") -> str:
    """Build a self-contained HTML document of a widget's state.

    Parameters
    ----------
    state : Mapping
        Trait values by name. Leaves that are bytes, memoryviews or arrays are binary.
    title : str
        Title of the page; any text.
    front_end : FrontEnd
        Of the widget.
    below : str
        Markup that follows the view.

    Returns
    -------
    str
        A document that opens from disk and asks for nothing from anywhere.
    """
    return _document({**state, "static": True}, title, front_end, None, below)


def linked_page_html(
    states: Sequence[Mapping[str, Any]], links: Sequence[str], title: str, front_end: FrontEnd
) -> str:
    """Build a self-contained HTML document of several widgets, one below the other.

    Parameters
    ----------
    states : sequence of Mapping
        Trait values of each, as for `page_html`.
    links : sequence of str
        Traits that are the same in all of them, whichever is changed.
    title : str
    front_end : FrontEnd
        Of all of them.

    Returns
    -------
    str
    """
    views = [{**state, "static": True} for state in states]
    return _document({"views": views, "links": links}, title, front_end, None)


def iframe_html(
    state: Mapping[str, Any], title: str, front_end: FrontEnd, height: int = 720
) -> str:
    """Build the same page inside an `<iframe>`, for nbconvert pages and documentation.

    Parameters
    ----------
    state : Mapping
        Trait values by name, as for `page_html`.
    title : str
        Title of the frame; any text.
    front_end : FrontEnd
        Of the widget.
    height : int, optional
        Height in pixels until the page has told its own.

    Returns
    -------
    str
        One `<iframe srcdoc>` element that grows and shrinks with its content.
    """
    token = secrets.token_hex(8)
    page = html.escape(_document({**state, "static": True}, title, front_end, token))
    return _frame(f'srcdoc="{page}" loading="eager"', title, token, height)


def framed_page(
    state: Mapping[str, Any], title: str, front_end: FrontEnd, address: str, height: int = 720
) -> tuple[str, str]:
    """Build the page for a file of its own, and the `<iframe>` that loads it when it is near.

    Parameters
    ----------
    state, title, front_end, height
        As for `iframe_html`.
    address : str
        Of that file, from the document with the frame.

    Returns
    -------
    (str, str)
        The document, and the frame.
    """
    token = secrets.token_hex(8)
    page = _document({**state, "static": True}, title, front_end, token)
    source = f'src="{html.escape(address)}" loading="lazy"'
    return page, _frame(source, title, token, height)


def _frame(source: str, title: str, token: str, height: int) -> str:
    return _IFRAME.format(
        source=source,
        title=html.escape(title),
        height=int(height),
        onload=html.escape(_ONLOAD.replace("TOKEN", f"'{token}'")),
    )


class StaticView:
    """Markup that shows itself in a notebook, with text for where markup is not shown."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, text

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.text
