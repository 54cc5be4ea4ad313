"""Long answers as a summary and files."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.telegram.smart import Package, package

CHARS, LINES = 2500, 40
CODE = "print(1)\n" * 50
PARAGRAPH = " ".join(["Lorem ipsum dolor sit amet."] * 12)


def packed(markdown: str) -> Package:
    return package(markdown, CHARS, LINES)


def names(found: Package) -> list[str]:
    return [file.name for file in found.files]


def test_a_short_answer_stays_as_it_is() -> None:
    answer = "Hello.\r\n\r\n```python\nprint(1)\n```\n"
    assert packed(answer) == Package(answer)


def test_long_code_becomes_a_file_and_the_answer_stays() -> None:
    found = packed(f"Look:\n\n```python\n{CODE}```\n\nThat is all.")
    assert found.text == "Look:\n\nThe code is in `code-1.py`, 50 lines.\n\nThat is all."
    [file] = found.files
    assert (file.name, file.data.decode()) == ("code-1.py", CODE)


@pytest.mark.parametrize(
    ("before", "fence", "name"),
    [
        ("", "```python", "code-1.py"),
        ("", "```Rust", "code-1.rs"),
        ("", "```", "code-1.txt"),
        ("", "~~~klingon", "code-1.txt"),
        ("", "```app.py", "app.py"),
        ("", '```python title="src/app.py"', "app.py"),
        ("", "```python:src/app.py", "app.py"),
        ("`src/app.py`:\n", "```python", "app.py"),
        ("**app.py**\n\n", "```python", "app.py"),
        ("path: src/app.py\n", "```python", "app.py"),
        ("Here is `app.py`:\n", "```python", "app.py"),
        ("It is used by `app.py`.\n", "```python", "code-1.py"),
        ("Between `a.py` and `b.py`:\n", "```python", "code-1.py"),
        ("", "```python ../../.ssh/id", "code-1.py"),
        ("", "```python ../../evil.py", "evil.py"),
        ("", "```python .bashrc", "code-1.py"),
        ("", "```python answer.md", "answer-2.md"),
    ],
)
def test_a_file_has_the_name_it_was_given(before: str, fence: str, name: str) -> None:
    assert names(packed(f"{before}{fence}\n{CODE}{fence[:3]}")) == [name]


def test_two_files_of_one_name_are_told_apart() -> None:
    block = f"```python app.py\n{CODE}```\n"
    assert names(packed(block + block)) == ["app.py", "app-2.py"]


def test_code_in_a_list_or_a_quote_leaves_it_whole() -> None:
    inner = CODE.replace("print", "  print")
    quoted = CODE.replace("print", "> print")
    found = packed(f"- one\n  ```sh\n{inner}  ```\n- two\n\n> so\n> ```\n{quoted}> ```\n> it is")
    assert found.text == (
        "- one\n\n  The code is in `code-1.sh`, 50 lines.\n\n- two\n\n"
        "> so\n>\n> The code is in `code-2.txt`, 50 lines.\n>\n> it is"
    )
    assert [file.data.decode() for file in found.files] == [CODE, CODE]


def test_what_a_fence_says_beside_its_language_is_kept() -> None:
    assert "(python repeat=3)" in packed(f"```python repeat=3\n{CODE}```").text


def test_a_long_answer_is_its_beginning_its_headings_and_a_file() -> None:
    parts = [
        "# Title",
        PARAGRAPH,
        PARAGRAPH,
        "## First",
        PARAGRAPH * 4,
        "## *Second*",
        PARAGRAPH * 4,
    ]
    answer = "\n\n".join(parts)
    found = packed(answer)
    assert found.text.startswith(f"# Title\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n\nFurther on")
    assert "Further on:\n\n- First\n- *Second*" in found.text
    assert found.text.endswith("The whole answer is in `answer.md`.")
    assert [(file.name, file.data.decode()) for file in found.files] == [("answer.md", answer)]


def test_a_long_answer_names_its_files_of_code() -> None:
    found = packed(f"{PARAGRAPH}\n\n{PARAGRAPH * 10}\n\n```python\n{CODE}```")
    assert names(found) == ["answer.md", "code-1.py"]
    assert "Its code is in `code-1.py` too." in found.text
    assert CODE in found.files[0].data.decode()


@pytest.mark.parametrize("answer", ["word " * 2000, "x" * 5000, "- point\n" * 900, PARAGRAPH * 20])
def test_a_single_block_is_cut_between_words(answer: str) -> None:
    begin = packed(answer).text.partition("\n\nThe whole")[0]
    assert begin.endswith("…")
    kept = begin.removesuffix("…").strip()
    assert answer.startswith(kept)
    assert 300 < len(kept) <= 800
    assert answer[len(kept)].isspace() or " " not in answer.strip()


def test_cut_code_is_closed() -> None:
    found = package("~~~python\n" + "a = 1\n" * 900, CHARS, 10_000).text
    assert found.count("~~~") == 2


def test_no_heading_ends_the_beginning() -> None:
    found = packed(f"{PARAGRAPH * 2}\n\n## Later\n\n{PARAGRAPH * 20}").text
    assert found.index("Further on:") < found.index("Later")


fragments = st.one_of(
    st.just(PARAGRAPH + "\n\n"),
    st.sampled_from(
        [f"```py\n{CODE}```\n", "# Head\n", "- a\n  ```\n  b\n", "> q\n", "\n", "~~~\n"]
    ),
    st.text(max_size=40),
)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@given(st.lists(fragments, max_size=12).map("".join), st.integers(1, 4000), st.integers(1, 60))
def test_no_word_is_lost_and_the_rest_is_safe(answer: str, chars: int, lines: int) -> None:
    found = package(answer, chars, lines)
    data = {file.name: file.data.decode() for file in found.files}
    assert len(data) == len(found.files)
    assert all(re.fullmatch(r"[\w-][\w.-]*", name, re.ASCII) for name in data)
    if "answer.md" in data:
        assert data["answer.md"] == answer.encode(errors="replace").decode()
    else:
        told = words(" ".join([found.text, *data.values()]))
        assert set(words(answer)) <= set(told)
