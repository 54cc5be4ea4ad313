"""Which line a key stands on."""

from bridge.settings.lines import index

TEXT = '''# a comment
[a]
x = 1
"quoted key" = { inner = 2, deep = { er = 3 } }
text = """
[no.header]
no_key = 1
"""
list = [
    "[no]",  # = nothing
    2,
]
dotted.key = 5

[b.c]  # b itself is never named
z = '#'
[[tests]]
text = "one"
[[tests]]
text = "two"
[tests.more]
y = 1
'''


def test_headers_and_keys() -> None:
    lines = index(TEXT)
    assert lines["a",] == 2
    assert lines["a", "x"] == 3
    assert lines["a", "list"] == 9
    assert lines["a", "dotted", "key"] == 13
    assert lines["b", "c"] == 15
    assert lines["b", "c", "z"] == 16


def test_inline_tables_stand_on_the_line_of_their_key() -> None:
    lines = index(TEXT)
    assert lines["a", "quoted key"] == lines["a", "quoted key", "deep", "er"] == 4


def test_a_long_text_has_no_keys() -> None:
    assert not any("no_key" in key or "no" in key for key in index(TEXT))


def test_a_table_that_is_never_named_begins_with_its_first_key() -> None:
    assert index(TEXT)["b",] == 15
    assert index("[b.c]\n[b]\n")["b",] == 2


def test_elements_of_an_array_are_numbered() -> None:
    lines = index(TEXT)
    assert lines["tests", 0] == 17
    assert lines["tests", 1, "text"] == 20
    assert lines["tests", 1, "more", "y"] == 22
