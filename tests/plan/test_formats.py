"""The formats: found by name, the same from run to run, quick."""

import cProfile
import json
from pathlib import Path

import made_plans
import pytest
from hostile_texts import HOSTILE, SHORT
from jsonschema import Draft202012Validator

from components.errors import UsageError
from ops.plan import formats
from ops.plan.document import Comparison, Document, PropertyChange
from ops.plan.formats import Paper
from tools.pages import plan_schema

_PLANTED = "planted-fingerprint"


def test_the_formats_there_are():
    assert [*formats.FORMATS] == ["json", "markdown", "text"]


@pytest.mark.parametrize(("name", "message"), [("markdwon", "perhaps you meant markdown"), ("x\n", r"there are: json, markdown, text")])
def test_an_unknown_format_is_told_in_one_line(name, message):
    with pytest.raises(UsageError, match=f"^--format: wanted the name of a format, found '{name[:1]}.*{message}$"):
        formats.find(name)


def calls(format: str, resources: int) -> int:
    """How many functions are called to render a plan of that many: the same on each machine, unlike the time."""
    document, render, profile = made_plans.many(resources).document(), formats.find(format), cProfile.Profile()
    render(document, Paper(80))  # what is made once, such as patterns, doesn't count
    profile.runcall(render, document, Paper(80))
    return sum(one.callcount for one in profile.getstats())


@pytest.mark.parametrize("format", formats.FORMATS)
def test_the_work_grows_no_faster_than_the_plan(format):
    many = calls(format, 300)
    assert many < 3.3 * calls(format, 100)
    assert many < 300 * 6000


@pytest.mark.parametrize("format", formats.FORMATS)
def test_every_format_takes_whatever_a_plan_holds(format):
    for document in (made_plans.hostile(HOSTILE).document(), made_plans.hostile_comparison(HOSTILE), made_plans.Made().document()):
        text = formats.find(format)(document, Paper(40))
        assert text.endswith("\n")
        text.encode()


@pytest.mark.parametrize("format", formats.FORMATS)
def test_no_text_steers_a_terminal(format):
    for document in (made_plans.hostile(SHORT).document(), made_plans.hostile_comparison(SHORT)):
        text = formats.find(format)(document, Paper())
        assert all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.mark.parametrize("format", ["markdown", "text"])
def test_a_secret_leaves_no_trace(format):
    """Not even the fingerprint of its encrypted text."""
    hidden = {"$secret": _PLANTED}
    made = made_plans.shop()
    urn = made.add(
        "x", "a:b:C", {"a": hidden, "b": [hidden], "c": {"d": hidden}, "e": [{"f": hidden}], "g": {str(n): hidden for n in range(9)}}
    )
    made.outputs, made.settings = {"x": hidden, "y": [{"z": hidden}]}, {"slipway:x": hidden}
    made.look_up("a:b:c", {"d": hidden})
    one = PropertyChange(path="x", old={"a": hidden, "b": [hidden]}, new={"a": {"$secret": _PLANTED + "2"}, "b": hidden})
    comparison = Comparison(base="b", settings=(one,), resources=(made_plans.change(made, urn, "alter", one),), unchanged=0, warnings=())
    for document in (made.document(), made.document(comparison=comparison)):
        text = formats.find(format)(document, Paper())
        assert _PLANTED not in text
        assert "[secret]" in text


def test_json_is_the_document_and_keeps_to_the_schema():
    validator = Draft202012Validator(json.loads(Path(plan_schema.FILE).read_text(encoding="utf-8")))
    for document in (made_plans.local().document(), made_plans.compared(made_plans.shop()), made_plans.hostile_comparison(HOSTILE)):
        text = formats.find("json")(document, Paper())
        validator.validate(json.loads(text))
        assert Document.model_validate_json(text) == document
    assert list(validator.iter_errors({**json.loads(text), "more": 1}))


def test_json_has_one_order_of_keys():
    one, other = made_plans.local(), made_plans.local()
    other.outputs = dict(reversed(other.outputs.items()))
    assert formats.find("json")(one.document(), Paper()) == formats.find("json")(other.document(), Paper())


def test_the_schema_is_current_and_explains_itself(capsys, tmp_path, monkeypatch):
    assert plan_schema.main(["--check"]) == 0, capsys.readouterr().err
    assert "by `depends_on`, or because an input comes from there" in plan_schema.FILE.read_text(encoding="utf-8")
    stale = tmp_path / "plan.schema.json"
    stale.write_text("{}")
    monkeypatch.setattr(plan_schema, "FILE", stale)
    assert plan_schema.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/plan.schema.json: not current; run: python -m tools.pages.plan_schema\n"
    assert (plan_schema.main([]), plan_schema.main(["--check"])) == (0, 0)
