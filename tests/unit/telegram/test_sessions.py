"""Sessions in the chat: made, chosen, renamed, forked, resumed and deleted."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.errors import AgentError, StoreError
from bridge.model import History, SessionKey, Stop
from bridge.telegram import names, taps
from bridge.telegram.commands import choosing
from tests.fakes import START
from tests.unit.telegram import raws
from tests.unit.telegram.fakes_sessions import Bot

DOCS = SessionKey(1, 0, "docs")
TREE = "In a worktree of its own"


def root(bot: Bot) -> Path:
    return bot.settings.sessions.root


class TestNew:
    async def test_it_is_made_in_a_folder_of_its_own_and_entered(self, bot: Bot) -> None:
        assert "docs is ready" in await bot.says("/new docs")
        session = bot.sessions.known[DOCS]
        assert (session.folder, session.user) == (root(bot) / "1" / "docs", 1)
        assert session.started_at >= START
        assert bot.current() == "docs"

    async def test_what_is_written_next_goes_there(self, bot: Bot) -> None:
        await bot.says("/new docs")
        await bot.says("hello")
        assert bot.engine.activated == [DOCS]

    async def test_without_a_name_it_says_how_and_which_folders_there_are(self, bot: Bot) -> None:
        told = await bot.says("/new")
        assert "/new docs" in told
        assert "homelab, notes" in told
        assert names.RULE in told

    @pytest.mark.parametrize("name", ["../x", "a/b", "-x", "x" * 33, "a.b"])
    async def test_a_name_that_could_lead_elsewhere_is_refused(self, bot: Bot, name: str) -> None:
        assert names.RULE in await bot.says(f"/new {name}")
        assert bot.sessions.known == {}

    async def test_a_name_is_taken_in_any_case_of_its_letters(self, bot: Bot) -> None:
        bot.add("docs")
        assert "already" in await bot.says("/new DOCS")
        assert list(bot.sessions.known) == [DOCS]

    async def test_two_chats_may_use_the_same_name(self, bot: Bot) -> None:
        bot.add("docs")
        await bot.says("/new docs", user=2)
        assert bot.sessions.known[SessionKey(2, 0, "docs")].folder == root(bot) / "2" / "docs"

    async def test_a_folder_with_files_or_another_session_is_left_alone(self, bot: Bot) -> None:
        old = root(bot) / "1" / "docs"
        old.mkdir(parents=True)
        (old / "file").touch()
        bot.add("renamed", folder=root(bot) / "1" / "docs-2")
        await bot.says("/new docs")
        assert bot.sessions.known[DOCS].folder == root(bot) / "1" / "docs-3"

    async def test_an_empty_folder_is_used(self, bot: Bot) -> None:
        (root(bot) / "1" / "docs").mkdir(parents=True)
        await bot.says("/new docs")
        assert bot.sessions.known[DOCS].folder.name == "docs"


class TestFolder:
    async def test_it_lives_in_a_declared_one(self, bot: Bot) -> None:
        told = await bot.says("/new fix homelab")
        session = bot.sessions.known[SessionKey(1, 0, "fix")]
        assert (session.folder.name, session.borrowed) == ("homelab", "homelab")
        assert "⚠" not in told

    async def test_its_name_may_be_shortened(self, bot: Bot) -> None:
        await bot.says("/new fix home")
        assert bot.sessions.known[SessionKey(1, 0, "fix")].borrowed == "homelab"

    async def test_one_that_is_not_open_to_the_role_is_not_even_named(self, bot: Bot) -> None:
        told = await bot.says("/new fix homelab", user=2)
        assert told == "There is no folder homelab. Open to you: notes."
        assert bot.sessions.known == {}

    async def test_two_sessions_in_one_folder_are_warned(self, bot: Bot) -> None:
        await bot.says("/new one notes")
        assert "⚠ Session one works in this folder too" in await bot.says("/new two notes")

    async def test_the_session_of_another_chat_is_not_named(self, bot: Bot) -> None:
        await bot.says("/new secret notes", user=2)
        told = await bot.says("/new mine notes")
        assert "A session of another chat works in this folder too" in told
        assert "secret" not in told

    async def test_for_git_a_worktree_is_offered_and_made(self, bot: Bot) -> None:
        home = bot.settings.folders["homelab"].path
        bot.folders.repositories.add(home)
        await bot.says("/new fix homelab")
        assert "worktree of homelab" in await bot.taps(TREE)
        target = root(bot) / "1" / "fix"
        assert bot.folders.worktrees == [(home, target)]
        [session] = bot.sessions.known.values()
        assert (session.key.name, session.folder, session.borrowed) == ("fix", target, "")
        assert bot.current() == "fix"

    async def test_a_session_that_was_used_does_not_move(self, bot: Bot) -> None:
        home = bot.settings.folders["homelab"].path
        bot.folders.repositories.add(home)
        await bot.says("/new fix homelab")
        await bot.says("hello")
        await bot.bring(raws.tap(5, bot.button(TREE)))
        assert bot.folders.worktrees == []
        assert bot.sessions.known[SessionKey(1, 0, "fix")].folder == home

    async def test_what_git_complains_of_is_told(self, bot: Bot) -> None:
        bot.folders.repositories.add(bot.settings.folders["homelab"].path)
        bot.folders.faults = [StoreError("git: it has no commit.")]
        await bot.says("/new fix homelab")
        await bot.taps(TREE)
        assert bot.api.texts()[-1] == "git: it has no commit."
        assert bot.sessions.known[SessionKey(1, 0, "fix")].borrowed == "homelab"

    async def test_others_of_a_group_stay_out_of_a_folder_that_is_closed_to_them(
        self, bot: Bot
    ) -> None:
        await bot.says("/new fix homelab", chat=-5)
        await bot.says("/session main", chat=-5)
        assert "not open to you" in await bot.says("/session fix", user=2, chat=-5)
        assert bot.current(-5) == "main"


class TestSwitching:
    async def test_a_beginning_is_enough(self, bot: Bot) -> None:
        bot.add("docs")
        bot.add("fix")
        assert await bot.says("/session d") == "You are in session docs now."
        assert bot.current() == "docs"

    async def test_one_that_fits_several_changes_nothing(self, bot: Bot) -> None:
        bot.add("docs")
        bot.add("dog")
        assert "docs, dog" in await bot.says("/session do")
        assert bot.current() == "main"

    async def test_one_that_fits_none_says_where_to_look(self, bot: Bot) -> None:
        assert "/sessions" in await bot.says("/session nope")

    async def test_the_default_session_can_be_entered_before_it_is_made(self, bot: Bot) -> None:
        bot.add("docs")
        await bot.says("/session docs")
        await bot.says("/session main")
        assert bot.current() == "main"

    async def test_a_running_turn_goes_on_after_a_switch(self, bot: Bot) -> None:
        bot.add("docs")
        main = bot.add("main")
        bot.engine.served.add(main.key)
        assert "main goes on meanwhile" in await bot.says("/session docs")
        assert bot.engine.signals == []


class TestList:
    async def test_the_last_active_comes_first_with_age_messages_model_and_cost(
        self, bot: Bot
    ) -> None:
        bot.add("old", active_at=START - timedelta(hours=3))
        recent = START - timedelta(minutes=10)
        bot.add("main", active_at=recent, messages=5, model="haiku", cost=20_000)
        lines = (await bot.says("/sessions")).splitlines()
        assert "▶ main: 10 min ago, 5 messages, haiku, $0.02" in lines[2]
        assert "old: 3 h ago, 0 messages, no model yet, $0.00" in lines[3]
        assert bot.buttons() == ["old"]

    async def test_a_button_switches_and_the_list_shows_it(self, bot: Bot) -> None:
        bot.add("main")
        bot.add("docs")
        await bot.says("/session")
        assert "▶ docs" in await bot.taps("docs")
        assert bot.current() == "docs"
        assert bot.toasts() == ["You are in session docs now."]
        assert bot.buttons() == ["main"]

    async def test_a_button_of_a_session_that_is_gone_says_so(self, bot: Bot) -> None:
        bot.add("main")
        docs = bot.add("docs")
        await bot.says("/sessions")
        await bot.sessions.delete(docs.key)
        assert await bot.taps("docs") == choosing.GONE

    async def test_somebody_else_of_the_group_does_not_tap_for_you(self, bot: Bot) -> None:
        bot.add("main", chat=-5)
        bot.add("docs", chat=-5)
        await bot.says("/sessions", user=1, chat=-5)
        await bot.taps("docs", user=2, chat=-5)
        assert bot.toasts() == [taps.NOT_YOURS]
        assert bot.current(-5) == "main"

    async def test_without_any_it_says_how_to_begin(self, bot: Bot) -> None:
        assert "/new NAME" in await bot.says("/sessions")

    async def test_fifty_of_them_still_fit(self, bot: Bot) -> None:
        for number in range(50):
            bot.add(f"s{number}")
        assert "and 30 more" in await bot.says("/sessions")
        assert len(bot.buttons()) == 20


class TestRename:
    async def test_the_current_one(self, bot: Bot) -> None:
        bot.add("main")
        assert await bot.says("/rename docs") == "Session main is called docs now."
        assert (list(bot.sessions.known), bot.current()) == ([DOCS], "docs")

    async def test_another_one_by_its_beginning(self, bot: Bot) -> None:
        bot.add("main")
        bot.add("old")
        await bot.says("/rename o docs")
        assert DOCS in bot.sessions.known
        assert bot.current() == "main"

    async def test_the_case_of_its_own_name_may_change(self, bot: Bot) -> None:
        bot.add("docs")
        await bot.says("/rename docs Docs")
        assert [key.name for key in bot.sessions.known] == ["Docs"]

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ("", "/rename docs"),
            ("a b c", "/rename docs"),
            ("fix", "already"),
            ("a/b", names.RULE),
            ("nope docs", "no session nope"),
        ],
    )
    async def test_what_cannot_be_done_is_said(self, bot: Bot, words: str, told: str) -> None:
        bot.add("main")
        bot.add("fix")
        assert told in await bot.says(f"/rename {words}")
        assert [key.name for key in bot.sessions.known] == ["main", "fix"]

    async def test_one_that_works_keeps_its_name_until_it_is_done(self, bot: Bot) -> None:
        bot.engine.served.add(bot.add("main").key)
        assert "is working" in await bot.says("/rename docs")
        assert DOCS not in bot.sessions.known


class TestDelete:
    async def test_it_asks_first(self, bot: Bot) -> None:
        bot.add("docs")
        assert "Delete session docs?" in await bot.says("/delete d")
        assert bot.buttons() == ["Delete", "Keep"]
        assert DOCS in bot.sessions.known

    async def test_keep_keeps_it(self, bot: Bot) -> None:
        bot.add("docs")
        await bot.says("/delete docs")
        assert await bot.taps("Keep") == "Session docs is kept."
        assert DOCS in bot.sessions.known

    async def test_its_files_are_put_away_and_the_chat_is_in_main(self, bot: Bot) -> None:
        session = bot.add("docs")
        session.folder.mkdir(parents=True)
        (session.folder / "file").touch()
        await bot.says("/session docs")
        await bot.says("/delete")
        told = await bot.taps("Delete")
        assert "Its files are in /srv/.deleted/docs" in told
        assert "You are in session main now" in told
        assert bot.folders.discarded == [session.folder]
        assert (bot.sessions.known, bot.current()) == ({}, "main")

    async def test_a_borrowed_folder_is_not_touched(self, bot: Bot) -> None:
        await bot.says("/new fix homelab")
        (bot.settings.folders["homelab"].path / "file").touch()
        assert "stays as it is" in await bot.says("/delete fix")
        await bot.taps("Delete")
        assert (bot.folders.discarded, bot.sessions.known) == ([], {})

    async def test_a_folder_that_another_session_shares_is_not_touched(self, bot: Bot) -> None:
        session = bot.add("docs", claude_id="abc")
        session.folder.mkdir(parents=True)
        (session.folder / "file").touch()
        await bot.says("/session docs")
        await bot.says("/fork twin")
        await bot.says("/delete docs")
        await bot.taps("Delete")
        assert bot.folders.discarded == []
        assert [key.name for key in bot.sessions.known] == ["twin"]
        assert bot.current() == "twin"

    async def test_a_running_turn_is_stopped_first(self, bot: Bot) -> None:
        key = bot.add("docs").key
        bot.engine.served.add(key)
        assert "is stopped first" in await bot.says("/delete docs")
        tapped = asyncio.create_task(bot.taps("Delete"))
        await asyncio.sleep(2)
        assert bot.engine.signals == [(key, Stop(1))]
        assert key in bot.sessions.known
        bot.engine.served.clear()
        await asyncio.sleep(2)
        assert key not in bot.sessions.known
        await tapped

    async def test_a_turn_that_does_not_stop_does_not_keep_it_for_ever(self, bot: Bot) -> None:
        bot.engine.served.add(bot.add("docs").key)
        await bot.says("/delete docs")
        await bot.taps("Delete")
        assert bot.sessions.known == {}

    async def test_other_updates_do_not_wait_for_it(self, bot: Bot) -> None:
        bot.engine.served.add(bot.add("docs").key)
        await bot.says("/delete docs")
        tapped = asyncio.create_task(bot.taps("Delete"))
        await asyncio.sleep(1)
        async with asyncio.timeout(1):
            await bot.accept(raws.message(77, "/stop"))
        assert (SessionKey(1, 0, "main"), Stop(1)) in bot.engine.signals
        await tapped

    async def test_two_taps_delete_once_and_both_are_answered(self, bot: Bot) -> None:
        bot.add("docs")
        await bot.says("/delete docs")
        data = bot.button("Delete")
        await bot.bring(raws.tap(5, data))
        await bot.bring(raws.tap(6, data))
        assert len(bot.toasts()) == 2
        assert bot.inbox.finished >= {5, 6}


class TestFork:
    async def test_it_goes_on_with_the_history_in_the_same_folder(self, bot: Bot) -> None:
        source = bot.add("main", claude_id="abc", home="h", messages=3, cost=9, pin="opus", epoch=4)
        told = await bot.says("/fork")
        copy = bot.sessions.known[SessionKey(1, 0, "main-2")]
        assert (copy.claude_id, copy.fork, copy.home) == ("abc", True, "h")
        assert (copy.messages, copy.cost, copy.epoch, copy.pin) == (0, 0, 0, "opus")
        assert copy.folder == source.folder
        assert "⚠ Both work in" in told
        assert bot.current() == "main-2"

    async def test_it_may_be_named(self, bot: Bot) -> None:
        bot.add("main", claude_id="abc")
        await bot.says("/fork docs")
        assert bot.current() == "docs"

    async def test_without_a_conversation_there_is_nothing_to_fork(self, bot: Bot) -> None:
        assert "Write something first" in await bot.says("/fork")
        bot.add("main")
        assert "Write something first" in await bot.says("/fork")


class TestTimeout:
    async def test_it_is_set_and_taken_back(self, bot: Bot) -> None:
        bot.add("main")
        assert "45 minutes" in await bot.says("/timeout 45")
        assert bot.sessions.known[SessionKey(1, 0, "main")].minutes == 45
        assert "30 minutes here, as in the settings" in await bot.says("/timeout off")
        assert bot.sessions.known[SessionKey(1, 0, "main")].minutes is None

    async def test_before_the_first_message_it_is_kept_too(self, bot: Bot) -> None:
        await bot.says("/timeout 1.5")
        assert bot.sessions.known[SessionKey(1, 0, "main")].minutes == 1.5

    async def test_alone_it_tells_what_holds(self, bot: Bot) -> None:
        assert "30 minutes here" in await bot.says("/timeout")

    @pytest.mark.parametrize("words", ["0", "-1", "nan", "inf", "1e9", "soon"])
    async def test_what_is_no_time_is_refused(self, bot: Bot, words: str) -> None:
        bot.add("main", minutes=7.0)
        assert "/timeout 45" in await bot.says(f"/timeout {words}")
        assert bot.sessions.known[SessionKey(1, 0, "main")].minutes == 7.0


class TestResume:
    @pytest.fixture
    def held(self, bot: Bot) -> History:
        """One conversation in each folder; that of homelab is the newer."""
        homelab, notes = (bot.settings.folders[name].path for name in ("homelab", "notes"))
        id_ = "0b5d4c1e-6f5e-4a43-9d0e-2f6a3b1c9e77"
        newer = History(id_, "Fix the tests", START - timedelta(minutes=5), homelab)
        older = replace(newer, claude_id="b", title="", at=START - timedelta(days=3), folder=notes)
        bot.histories.held = {homelab: [newer], notes: [older]}
        return newer

    async def test_it_lists_those_of_all_open_folders(self, bot: Bot, held: History) -> None:
        lines = (await bot.says("/resume")).splitlines()
        assert "Fix the tests: homelab, 5 min ago" in lines[2]
        assert "notes: notes, 3 days ago" in lines[3]
        assert bot.buttons() == ["Fix the tests", "notes"]

    async def test_a_button_goes_on_with_it_in_its_folder(self, bot: Bot, held: History) -> None:
        await bot.says("/resume")
        assert "fix-the-tests goes on with it" in await bot.taps("Fix the tests")
        session = bot.sessions.known[SessionKey(1, 0, "fix-the-tests")]
        assert session.claude_id == held.claude_id
        assert (session.home, session.borrowed) == (f"home-of-{held.claude_id}", "homelab")
        assert (session.folder, session.fork) == (held.folder, False)
        assert bot.current() == "fix-the-tests"

    async def test_the_same_one_twice_makes_two_sessions_and_a_warning(
        self, bot: Bot, held: History
    ) -> None:
        for _ in range(2):
            await bot.says("/resume")
            told = await bot.taps("Fix the tests")
        assert "⚠" in told
        assert bot.current() == "fix-the-tests-2"

    async def test_others_see_only_what_is_open_to_them(self, bot: Bot, held: History) -> None:
        await bot.says("/resume", user=2)
        assert bot.buttons() == ["notes"]

    async def test_a_button_does_not_open_a_folder_that_was_closed(
        self, bot: Bot, held: History
    ) -> None:
        await bot.says("/resume")
        data = bot.button("Fix the tests").replace("c:resume:1:", "c:resume:2:")
        await bot.bring(raws.tap(5, data, user=2))
        assert bot.histories.adopted == []

    async def test_without_any_it_says_so(self, bot: Bot) -> None:
        assert "No conversation" in await bot.says("/resume")

    async def test_what_cannot_be_copied_is_told(self, bot: Bot, held: History) -> None:
        bot.histories.held = {held.folder: [replace(held, title="broken")]}
        bot.histories.faults = [AgentError("That conversation cannot be copied.")]
        await bot.says("/resume")
        await bot.taps("broken")
        assert bot.api.texts()[-1] == "That conversation cannot be copied."
        assert bot.sessions.known == {}
