"""The comment on a pull request, read by the parser that GitHub reads it with."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import made_plans
import pytest
from cmarkgfm.cmark import Options
from hostile_texts import HOSTILE

from ops.plan import formats
from ops.plan.document import Change, Comparison, Document, Warning
from ops.plan.formats import Paper

sys.path.append(str(Path(__file__).parents[2] / ".github/scripts"))
from fit import fit

_OURS = {"p", "strong", "code", "pre", "details", "summary"}
_TOKEN = "qzx"


class Read(HTMLParser):
    """What is in a page: tags, comments, text outside of code, which tags were left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.comments: list[str] = []
        self.open: list[str] = []
        self.prose = self.code = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.code += data
        else:
            self.prose += data


def read(document: Document) -> Read:
    return page(formats.markdown(document, Paper()))


def page(text: str) -> Read:
    return Read(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))


def only_ours(read: Read) -> bool:
    """No links, images or markup but what the format itself writes; no comment but its mark."""
    foreign = {tag for tag in read.tags if tag[0] not in _OURS or (tag[1] and tag != ("pre", (("lang", "text"),)))}
    assert foreign == set()
    assert len(read.comments) == 1
    assert read.comments[0].startswith(" slipway plan: ")
    assert read.open == []
    return True


def test_the_comment_is_found_again():
    text = formats.markdown(made_plans.shop().document(), Paper())
    assert text.splitlines()[0] == formats.marker("prod") == "<!-- slipway plan: prod -->"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_hostile_text_stands_in_code_and_nowhere_else(text):
    marked = [f"{_TOKEN}{text}", f"{text}{_TOKEN}", text]
    for made in (read(made_plans.hostile(marked).document()), read(made_plans.hostile_comparison(marked))):
        assert only_ours(made)
        assert _TOKEN not in made.prose
        assert _TOKEN in made.code


def test_bars_are_shown_as_they_are():
    assert "a\\||b" in read(made_plans.hostile_comparison(["a\\||b"])).code


@pytest.mark.parametrize("stack", ["-->x", "--!>", "a--", "<!--", "a\nb"])
def test_no_stack_ends_the_mark(stack):
    mark = formats.marker(stack)
    assert Read(mark + "\n").comments == [mark[4:-3]]
    assert re.fullmatch(r"<!-- slipway plan: [\w.%-]+ -->", mark)


def test_prose_is_ours_alone():
    assert read(made_plans.hostile_comparison([_TOKEN, "other"])).prose.split() == ["The", "whole", "plan"]


@pytest.mark.parametrize("number", [60, 1000])
def test_nothing_is_left_out_and_what_who_posts_it_cuts_is_closed(number):
    made = made_plans.many(number)
    changes = [Change(op="remove", urn=one.urn, type=one.type, name="`|" * 100) for one in made.resources]
    warnings = [Warning(kind="removed", urn=one.urn, message="<details>" * 50) for one in made.resources]
    comparison = Comparison(base="x", settings=(), resources=tuple(changes), unchanged=0, warnings=tuple(warnings))
    for document in (made.document(), made.document(comparison=comparison)):
        assert only_ours(read(document))
        text = formats.markdown(document, Paper())
        assert text.count("! removed ") == len(document.comparison.warnings if document.comparison else ())
        for limit in range(1000, 60_000, 7000):
            cut = fit(text, "The rest is there.", limit)
            assert len(cut.encode()) <= limit + 200
            assert only_ours(page(cut))


def test_no_base_shows_resources_and_an_empty_change_says_so():
    plain, made = read(made_plans.single().document()), made_plans.shop()
    assert not plain.prose.strip()
    assert "Plan of stack" in plain.code
    same = Comparison(base="main", settings=(), resources=(), unchanged=31, warnings=())
    unchanged = read(made.document(comparison=same))
    assert "no change, 31 unchanged" in unchanged.code
