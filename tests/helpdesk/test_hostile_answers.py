"""A helpdesk, or whoever writes to it, that answers to do harm."""

from __future__ import annotations

import pytest

from adapters.helpdesk.answers import answers_of, text_of, ticket_of


@pytest.mark.parametrize(
    "piece",
    [
        "<a ",
        '<a x="',
        "<!--",
        "<![CDATA[",
        "<",
        "</a",
        "<?",
        "<script>",
        "&#",
        "&amp",
        "<p>",
        "-->",
    ],
)
def test_a_page_that_was_made_to_be_slow_is_read_at_once(piece: str) -> None:
    """html.parser takes hours for the first of them: then this test never ends."""
    said = text_of({"body": f"Ready.<br>{piece * 100_000}", "content_type": "text/html"})
    assert said.startswith("Ready.")


def test_a_page_is_read_as_text() -> None:
    page = (
        "<html><head><title>no</title><style>p{}</style></head><body><!-- <p>no</p> -->"
        "<div>Your project <b>is</b> ready&nbsp;&#33;</div><script>if (a<b) no()</script>"
        "<p>Code:<br>LUNG &lt;1&gt;</p></body></html>"
    )
    lines = [line for line in text_of({"body": page}).splitlines() if line]
    assert lines == ["Your project is ready !", "Code:", "LUNG <1>"]


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_what_moves_a_cursor_or_cannot_be_stored_is_marked(kind: str) -> None:
    body = "a\x1b]52;c;x\x07\nb\ud800\x00\u202ec"
    said = text_of({"body": body, "content_type": kind})
    assert said == "a\ufffd]52;c;x\ufffd\nb\ufffd\ufffd\ufffdc"
    said.encode()


def test_a_number_beyond_all_numbers_is_no_trouble() -> None:
    assert text_of({"body": f"a&#{'9' * 5000};b"}) == "a\ufffdb"


@pytest.mark.parametrize("key", [True, 0, -1, 2**63, 1.5, "7", None])
def test_a_key_that_no_database_gives_is_no_tickets(key: object) -> None:
    assert ticket_of({"id": key, "number": "7"}, "https://desk.example") is None


def test_an_answer_is_cut_before_it_fills_the_ledger() -> None:
    articles = [{"sender": "Agent", "body": "x" * 1_000_000, "content_type": "text/plain"}]
    assert [len(answer.text) for answer in answers_of(articles, 3)] == [8000]
