"""Which credential is used, and that nobody is shown it."""

import json
from pathlib import Path

import pytest

from bridge.booth.keys import NONE, Credential, credential
from bridge.errors import AgentError

LOGIN = {"claudeAiOauth": {"accessToken": "sk-ant-oat01-login", "expiresAt": 1}}


def test_a_key_goes_out_as_a_key() -> None:
    found = credential("sk-key", {"CLAUDE_CODE_OAUTH_TOKEN": "sk-token"})
    assert found
    assert found.headers() == [(b"x-api-key", b"sk-key")]
    assert found.environment == {"ANTHROPIC_API_KEY": NONE}


def test_without_a_key_the_token_goes_out_as_a_bearer() -> None:
    found = credential("", {"CLAUDE_CODE_OAUTH_TOKEN": "sk-token"})
    assert found
    assert found.headers() == [(b"authorization", b"Bearer sk-token")]
    assert found.environment == {"CLAUDE_CODE_OAUTH_TOKEN": NONE}


@pytest.mark.parametrize("variable", ["CLAUDE_CONFIG_DIR", "HOME"])
def test_a_login_is_read_anew_for_each_request(tmp_path: Path, variable: str) -> None:
    folder = tmp_path / ".claude" if variable == "HOME" else tmp_path
    folder.mkdir(exist_ok=True)
    file = folder / ".credentials.json"
    file.write_text(json.dumps(LOGIN))
    found = credential("", {variable: str(tmp_path)})
    assert found
    assert found.headers() == [(b"authorization", b"Bearer sk-ant-oat01-login")]
    file.write_text(json.dumps(LOGIN).replace("login", "renewed"))
    assert found.headers() == [(b"authorization", b"Bearer sk-ant-oat01-renewed")]


def test_there_may_be_none(tmp_path: Path) -> None:
    assert credential("", {"HOME": str(tmp_path)}) is None


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"claudeAiOauth": null}'])
def test_a_login_that_is_lost_is_a_sentence(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "login.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(AgentError, match="not logged in"):
        Credential(login=file).headers()


def test_a_credential_is_not_shown() -> None:
    assert "sk-" not in repr([Credential(key="sk-key"), Credential(token="sk-token")])
