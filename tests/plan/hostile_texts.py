"""Texts that mean something to a terminal, to Markdown, HTML or a diagram in it."""

from hostile import ODD

_MARKUP = (
    *("end", "%% note", "%%{init: {'theme': 'dark'}}%%", 'click n1 "https://x.example"', '"] --> n2["', "n1:::remove"),
    *("subgraph", "graph TD", "fa:fa-car", "$$x^2$$", "x -->|y| z", "---\ntitle: x\n---", "@{ shape: rect }", "==x=="),
    *("<script>document.title = 1</script>", "<img src=x onerror=alert(1)>", "</text>", "&lt;b&gt;", "#quot;", "#35;", "C:\\new"),
    *("`md`", '"`md`"', "**b**", "_e_", "~~x~~", "1. item", "2) item", "- item", "+ item", "* item", "# head", "> quote"),
    *("![a](https://x.example/a.png)", "https://x.example", "www.x.example", "a@x.example"),
    *("[a](https://x.example)", "[a]: https://x.example", "@octocat", "#1", "GH-1", "owner/name#1", ":tada:"),
    *("</code>", "</details>", "</summary>", "-->", "--!>", "<!-- slipway plan: other -->", "```", "````\n", "~~~"),
    *("`` ` ``", " `", "` ", "\\`", "ﬂ°°60¶ßb", "a\nb", "a\r\n\r\nb"),
    *("0123456789abcdef0123456789abcdef01234567", "\\|", "\\\\|", "a | b", "<details>", "| --- |"),
    *("日本 العربية", "a  b", "[red]x[/red]", "\x1b]8;;https://x.example\x07x"),
    *("lookup(a:b:c#d).e", "[secret]", "::", "$unknown", "$secret"),
)  # fmt: skip

HOSTILE = tuple(dict.fromkeys(text for text in (*ODD, *_MARKUP) if text and not any(0xD800 <= ord(letter) < 0xE000 for letter in text)))
SHORT = tuple(text for text in HOSTILE if len(text) < 300)
