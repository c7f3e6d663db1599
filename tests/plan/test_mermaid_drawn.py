"""The diagrams, drawn by Mermaid itself in a real browser: every node is there, with the text that was meant, and nothing else."""

import html
import json
import re
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import made_plans
import pytest
from hostile_texts import SHORT

from ops.plan.document import Document
from ops.plan.formats import Paper, mermaid

pytestmark = [pytest.mark.cost, pytest.mark.family("drawn diagrams")]
_VERSION = "11.4.1"  # reads labels as Markdown after all, which later ones do not; 12.3.0 passes too
_PAGE = """<!doctype html><meta charset="utf-8"><pre id="out"></pre><script src="mermaid.min.js"></script><script>
mermaid.initialize({startOnLoad: false});
const FOREIGN = "a, img, script, image, ul, ol, li, h1, blockquote, pre, em, strong, code, i, math";
const words = list => [...list].map(one => one.textContent);
async function draw(name, source) {
  try {
    const holder = document.createElement("div");
    document.body.append(holder);
    holder.innerHTML = (await mermaid.render("drawn-" + name, source)).svg;
    return {
      nodes: words(holder.querySelectorAll("g.node")), frames: words(holder.querySelectorAll("g.cluster")),
      edges: holder.querySelectorAll("path.flowchart-link").length,
      foreign: [...holder.querySelectorAll(FOREIGN)].map(one => one.outerHTML),
    };
  } catch (error) { return {error: String(error)}; }
}
(async () => {
  const found = {};
  for (const [name, source] of Object.entries(SOURCES)) found[name] = await draw(name, source);
  const text = JSON.stringify(found);
  document.body.replaceChildren(Object.assign(document.createElement("pre"), {id: "out", textContent: text}));
})();
</script>"""


def documents() -> dict[str, Document]:
    """Small, usual, compared, hostile, and more than a picture holds."""
    parts = [SHORT[start : start + 20] for start in range(0, len(SHORT), 20)]
    return {
        "local": made_plans.local().document(),
        "single": made_plans.single().document(),
        "shop": made_plans.shop().document(),
        "compared": made_plans.compared(made_plans.shop()),
        "many": made_plans.many(300).document(),
        **{f"hostile{number}": made_plans.hostile_comparison(part) for number, part in enumerate(parts)},
    }


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {name: mermaid.render(document, Paper()) for name, document in documents().items()}


@pytest.fixture(scope="module")
def drawn(sources: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the browser made of each."""
    folder = tmp_path_factory.mktemp("drawn")
    _fetch_mermaid(folder)
    return _draw(folder, sources)


def _fetch_mermaid(folder: Path) -> None:
    for program in ("npm", "chromium"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    done = subprocess.run(["npm", "pack", "--silent", f"mermaid@{_VERSION}"], cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"npm can't fetch mermaid: {done.stderr.strip()[-200:]}")
    with tarfile.open(folder / f"mermaid-{_VERSION}.tgz") as packed:
        script = packed.extractfile("package/dist/mermaid.min.js")
        assert script is not None
        (folder / "mermaid.min.js").write_bytes(script.read())


def _draw(folder: Path, sources: Mapping[str, str]) -> dict[str, Any]:
    page = folder / "page.html"
    page.write_text(_PAGE.replace("SOURCES", json.dumps(sources).replace("<", "\\u003c")), encoding="utf-8")
    flags = ("no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync")
    command = ["chromium", "--headless", *(f"--{flag}" for flag in flags), f"--user-data-dir={folder / 'profile'}"]
    command += ["--virtual-time-budget=60000", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = re.search(r'<pre id="out">(\{.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    return dict(json.loads(html.unescape(found[1])))


def test_mermaid_reads_every_diagram(drawn: dict[str, Any]) -> None:
    assert {name: found["error"] for name, found in drawn.items() if "error" in found} == {}


def test_every_node_is_drawn_with_its_text(drawn: dict[str, Any], sources: dict[str, str]) -> None:
    wrong = {}
    for name, source in sources.items():
        nodes = re.findall(r'^ +n\d+\[\(?"(.*)"\)?\]$', source, re.MULTILINE)
        frames = re.findall(r'^ +subgraph n\d+\["(.*)"\]$', source, re.MULTILINE)
        seen, meant = Counter(map(_squeezed, drawn[name]["nodes"] + drawn[name]["frames"])), Counter(map(_meant, nodes + frames))
        if seen != meant or drawn[name]["edges"] != source.count(" --> n"):
            wrong[name] = (seen - meant, meant - seen)
    assert wrong == {}


def test_nothing_in_a_label_becomes_markup(drawn: dict[str, Any]) -> None:
    assert {name: found["foreign"] for name, found in drawn.items() if found["foreign"]} == {}


def _meant(label: str) -> str:
    """What the codes of a label stand for."""
    plain = label.replace("<br/>", "")
    return _squeezed(re.sub(r"#(\d+);", lambda found: chr(int(found[1])), plain))


def _squeezed(text: str) -> str:
    """Browsers fold spaces; some have no width."""
    return "".join(text.split()).replace("\u200b", "")
