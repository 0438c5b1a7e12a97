"""What a command says, without a terminal."""

import json
import sys

import pytest

from codepush.cli.output import Column, Output, Row, Table, plain_lines


def test_plain_table():
    """Columns are aligned, long cells wrapped, and lines of a cell kept together."""
    table = Table(
        ["Name", Column("Description", 10)], [["a", "one two three"], Row(["long name", "x\ny"], is_dim=True)]
    )
    assert plain_lines(table) == [
        "Name       Description",
        "a          one two",
        "           three",
        "long name  x",
        "           y",
    ]


def test_results_and_talk(capsys):
    """Results go to stdout in either form; talk goes to stderr."""
    Output().result({"a": 1}, "A is 1.")
    Output("json").result({"a": "é"}, "A is é.")
    Output().say("Hello")
    Output().warn("Beware")
    said = capsys.readouterr()
    assert said.out == 'A is 1.\n{\n  "a": "é"\n}\n'
    assert said.err == "Hello\n[Warning] Beware\n"


def test_empty_table(capsys):
    """A table without rows is a sentence on stderr for people, and an empty list for machines."""
    table = Table(["Name"], [], "There is nothing yet.")
    Output().result([], table)
    assert capsys.readouterr() == ("", "There is nothing yet.\n")
    Output("json").result([], table)
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ([], "")


@pytest.mark.parametrize("is_rich", [True, False])
def test_table_with_and_without_rich(capsys, monkeypatch, is_rich):
    """In a terminal the table is drawn with rich, and plainly where rich is not installed."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    if not is_rich:
        monkeypatch.setitem(sys.modules, "rich", None)
    Output().result([["App"]], Table(["Name"], [["App"]]))
    out = capsys.readouterr().out
    assert ("╭" in out) is is_rich
    assert "App" in out


def test_progress_without_a_terminal(capsys):
    """Without a terminal no progress is shown."""
    with Output().progress("Uploading") as report:
        report(1, 2)
    assert capsys.readouterr() == ("", "")
