"""Files of settings are changed line by line, and only to something good."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.errors import SettingsError
from bridge.settings import pairing
from bridge.settings.edit import Editor
from bridge.settings.load import Source
from bridge.settings.patch import drop, put
from bridge.settings.schema import Pairing

FILE = """\
# Mine.
[users.111]   # the boss
name = "Ada"
role = "owner"

# ── Money ──
[budgets.default]
day_usd = 1.00   # enough

# ── The end ──
"""
BO = {"name": 'Bo "the\\ bee"', "role": "member"}


class TestPut:
    def test_a_new_table_goes_to_the_end(self) -> None:
        text = put(FILE, ("users", "222"), BO)
        assert text == f'{FILE}\n[users.222]\nname = "Bo \\"the\\\\ bee\\""\nrole = "member"\n'

    def test_a_new_key_stands_below_its_table(self) -> None:
        text = put(FILE, ("budgets", "default"), {"month_usd": 20.0})
        assert "[budgets.default]\nmonth_usd = 20.0\nday_usd = 1.00   # enough\n" in text

    def test_a_key_takes_the_place_of_an_old_one(self) -> None:
        text = put(FILE, ("users", "111"), {"name": "Eve"})
        assert text == FILE.replace('name = "Ada"', 'name = "Eve"')

    def test_into_nothing(self) -> None:
        assert put("", ("telegram",), {"token": "1:a"}) == '[telegram]\ntoken = "1:a"\n'

    def test_what_is_written_in_one_line_is_left_to_the_hand(self) -> None:
        with pytest.raises(SettingsError, match=r"users\.222 .* by hand"):
            put('users = { 111 = { role = "owner" } }\n', ("users", "222"), BO)


class TestDrop:
    def test_comments_around_it_stay(self) -> None:
        assert drop(FILE, ("users", "111")) == FILE.replace(
            '[users.111]   # the boss\nname = "Ada"\nrole = "owner"\n', ""
        )

    def test_long_values_go_as_a_whole(self) -> None:
        text = '[claude]\ntools = [\n    "Read",  # one\n    "Write",\n]\nenv = []\n'
        assert drop(text, ("claude", "tools")) == "[claude]\nenv = []\n"

    def test_what_is_not_there_changes_nothing(self) -> None:
        assert drop(FILE, ("users", "222")) == FILE

    def test_keys_with_dots(self) -> None:
        text = 'users.1.role = "owner"\nusers.2.role = "guest"\nusers.2.name = "x"\n'
        assert drop(text, ("users", "2")) == 'users.1.role = "owner"\n'

    def test_one_of_two_in_one_line_is_left_to_the_hand(self) -> None:
        with pytest.raises(SettingsError, match="by hand"):
            drop('users = { 1 = { role = "owner" }, 2 = { role = "guest" } }\n', ("users", "2"))


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    (tmp_path / "settings.toml").write_text(FILE)
    return Editor(Source({}, tmp_path, token_needed=False))


def offered(code: str) -> Pairing:
    until = datetime.now(UTC) + timedelta(hours=1)
    return Pairing(
        code=SecretStr(pairing.sealed(code)), until=until.isoformat(), name="", timezone="UTC"
    )


class TestEditor:
    def test_who_is_let_in_is_a_user(self, editor: Editor) -> None:
        editor.admit(222, "Bo", "member", "Europe/Paris")
        user = editor.source.read().users[222]
        assert (user.name, user.role, user.timezone) == ("Bo", "member", "Europe/Paris")
        assert editor.source.folder.joinpath("settings.toml").read_text() == FILE

    def test_who_was_ignored_and_is_let_in_is_ignored_no_more(self, editor: Editor) -> None:
        editor.ignore(222, "Bo")
        assert editor.source.read().access.ignored == {222: "Bo"}
        editor.admit(222, "Bo", "guest", "UTC")
        assert editor.source.read().access.ignored == {}

    def test_an_id_may_be_larger_than_a_32_bit_number(self, editor: Editor) -> None:
        editor.ignore(7_123_456_789, "Bo")
        assert 7_123_456_789 in editor.source.read().access.ignored

    def test_a_code_is_taken_once(self, editor: Editor) -> None:
        offer = offered("ABCD-EFGH")
        editor.offer(offer)
        assert editor.pair(222, "Bo", offer)
        assert not editor.pair(333, "Cy", offer)
        now = editor.source.read()
        assert now.users[222].role == "owner"
        assert 333 not in now.users
        assert now.access.pairing.end is None

    def test_who_stands_in_another_file_cannot_be_taken_out(self, editor: Editor) -> None:
        with pytest.raises(SettingsError, match=r"\[users\.111\] does not stand in"):
            editor.dismiss(111)

    def test_nothing_is_written_into_broken_settings(self, editor: Editor) -> None:
        (editor.source.folder / "settings.toml").write_text(FILE + "[sesions]\n")
        with pytest.raises(SettingsError, match=r"settings\.toml:11: sesions: unknown table"):
            editor.admit(222, "Bo", "member", "UTC")
        assert sorted(path.name for path in editor.source.folder.iterdir()) == ["settings.toml"]

    def test_a_problem_of_the_edit_itself_names_the_file(self, editor: Editor) -> None:
        with pytest.raises(SettingsError, match=r"^settings\.local\.toml:6: users\.222\.timezone"):
            editor.admit(222, "Bo", "member", "Mars/Olympus")

    def test_a_link_stays_one_and_line_ends_and_mode_too(self, editor: Editor) -> None:
        real = editor.source.folder / "elsewhere.toml"
        real.write_bytes(b"# mine\r\n[limits]\r\nqueue_per_user = 3\r\n")
        real.chmod(0o640)
        editor.local.symlink_to(real)
        editor.ignore(222, "Bo")
        assert editor.local.is_symlink()
        assert real.stat().st_mode & 0o777 == 0o640
        assert real.read_bytes() == (
            b'# mine\r\n[limits]\r\nqueue_per_user = 3\r\n\r\n[access.ignored]\r\n222 = "Bo"\r\n'
        )

    def test_secrets_are_never_open_to_others(self, editor: Editor) -> None:
        editor.keep("telegram", "token", "1:abc")
        file = editor.source.folder / ".secrets.toml"
        assert file.stat().st_mode & 0o777 == 0o600
        assert editor.source.read().telegram.token.get_secret_value() == "1:abc"

    def test_other_files_in_place_of_the_usual_ones(self, tmp_path: Path) -> None:
        for name in ("a.toml", "b.toml", ".secrets.toml"):
            (tmp_path / name).touch(0o600)
        listed = f"{tmp_path}/a.toml;{tmp_path}/b.toml;{tmp_path}/.secrets.toml"
        editor = Editor(Source({"TOLLBRIDGE_SETTINGS": listed}, tmp_path, token_needed=False))
        editor.ignore(1, "x")
        assert "ignored" in (tmp_path / "b.toml").read_text()


class TestCode:
    def test_it_is_easy_to_read_and_to_write(self) -> None:
        code = pairing.fresh()
        seal = pairing.sealed(code)
        assert pairing.fits(f" {code.lower().replace('-', ' ')} ", seal)
        assert len(code) == 9
        assert not set(code) & set("ILO01")

    def test_another_one_does_not_fit_nor_does_anything_fit_what_is_no_seal(self) -> None:
        assert not pairing.fits("ABCD-EFGH", pairing.sealed("ABCD-EFGJ"))
        assert not pairing.fits("", "")
        assert not pairing.fits("ABCD-EFGH", "not.hex")
