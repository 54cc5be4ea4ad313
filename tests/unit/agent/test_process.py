"""The wrapper around Claude Code: which variables pass it, and as whom it runs."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from bridge.agent import process
from bridge.agent.account import Account, account, give
from bridge.agent.options import Place, environment
from bridge.errors import AgentError
from tests.fakes import settings

SHOW = "#!/bin/sh\nid -u; id -g; id -G; env\n"
NOBODY = Account(65534, 65534, Path("/nonexistent"))
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def run(folder: Path, user: Account | None = None) -> list[str]:
    """What a program sees that is started in the place of Claude Code."""
    program = folder / "program"
    program.write_text(SHOW)
    program.chmod(0o755)
    wrapper = folder / "wrapper"
    wrapper.write_text(process.wrapper(["PATH", "KEPT"], program, user))
    wrapper.chmod(0o700)
    environ = {"PATH": os.environ["PATH"], "KEPT": "a b'c", "ANTHROPIC_API_KEY": "sk-secret"}
    done = subprocess.run([wrapper], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_only_the_named_variables_pass(tmp_path: Path) -> None:
    seen = run(tmp_path)
    assert "KEPT=a b'c" in seen
    assert not [line for line in seen if "secret" in line]


@root
def test_another_user_has_neither_the_groups_nor_the_home_of_the_bridge() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to others
        Path(folder).chmod(0o755)
        uid, gid, groups, *variables = run(Path(folder), NOBODY)
    assert (uid, gid, groups) == ("65534", "65534", "65534")
    assert "HOME=/nonexistent" in variables


@root
def test_a_folder_is_given_with_all_that_is_in_it_but_not_what_a_link_leads_to(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").touch()
    (tmp_path / "own" / "deep").mkdir(parents=True)
    (tmp_path / "own" / "deep" / "a").touch()
    (tmp_path / "own" / "link").symlink_to(tmp_path / "secret")
    give(tmp_path / "own", NOBODY)
    assert (tmp_path / "own" / "deep" / "a").stat().st_uid == NOBODY.uid
    assert (tmp_path / "secret").stat().st_uid == 0


@root
def test_a_user_that_is_not_there_is_named() -> None:
    assert account("") is None
    assert account("root") == Account(0, 0, Path("/root"))
    with pytest.raises(AgentError, match="no user nosuchuser"):
        account("nosuchuser")


def test_whatever_is_set_for_claude_code_passes_the_wrapper(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path, "http://127.0.0.1", {"ANTHROPIC_API_KEY": "none"}, ())
    passed = {*process.PASSED, *place.key}
    assert set(environment(settings(tmp_path), place)) <= passed
