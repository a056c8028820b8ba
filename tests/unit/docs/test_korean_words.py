"""Korean pages, reports and messages use one word for one thing."""

import pytest

from testing.paths import ROOT

FOLDERS = ("docs", "deploy", "report", "runner", "schemas", "webdemo", "client", "gateway")
KINDS = {".md", ".ipynb", ".py", ".j2", ".html", ".js"}


@pytest.mark.parametrize(("other", "used"), [("상자", "박스")])
def test_one_word_is_used_for_one_thing(other: str, used: str) -> None:
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    texts = {
        path: path.read_text("utf-8")
        for path in (*inside, *ROOT.glob("README*.md"))
        if path.suffix in KINDS
    }
    assert [path for path, text in texts.items() if other in text] == []
    assert sum(used in text for text in texts.values()) > 20
