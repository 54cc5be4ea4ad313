"""Groups and topics: who is answered, at whose expense, and where."""

from pathlib import Path

import pytest

from bridge.simulator import sharing
from bridge.simulator.cast import GROUPS, USERS, Chat
from bridge.simulator.script import Say, Script, UseTool, When
from bridge.simulator.world import World
from budgets.money import usd
from tests.flow.stage import ADA, BO, STRANGER, staged

KITCHEN = GROUPS[0].id
FORUM = Chat(-1002, "supergroup", "Workshop", (ADA, BO), is_forum=True)
CLOSED = Chat(-1003, "supergroup", "Closed shop", (ADA, BO), is_forum=True, manages_topics=False)
BOT = "@tollbridge_bot"
ANSWERING = Script(otherwise=[Say("Here I am.")])
FOR_BOTH = "[budgets.users.222]\nday_usd = 1.00\n"


def world() -> World:
    return World(groups=[*GROUPS, FORUM, CLOSED])


@pytest.mark.parametrize("text", [f"{BOT} hello", f"hello {BOT.upper()}!", "/plan a party"])
async def test_who_is_mentioned_or_commanded_answers(tmp_path: Path, text: str) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.say(ADA, text, KITCHEN)
        await stage.answer("Here I am.", KITCHEN)


async def test_what_people_say_to_each_other_is_neither_answered_nor_kept(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.say(ADA, "the code of the door is 4711", KITCHEN)
        stage.world.say(BO, "/weather@other_bot", KITCHEN)
        stage.world.say(BO, "tollbridge_bot is what?", KITCHEN)
        stage.world.say(ADA, f"{BOT} hi", KITCHEN)
        await stage.answer("Here I am.", KITCHEN)
        assert len(stage.model.requests) == 1
        database = b"".join(path.read_bytes() for path in (tmp_path / "store").glob("*.db*"))
    assert b"4711" not in database


async def test_a_reply_to_its_answer_is_meant_for_it(tmp_path: Path) -> None:
    script = Script([Say("Here I am.")], [Say("Again.")])
    async with staged(tmp_path, script) as stage:
        stage.world.say(ADA, f"{BOT} hi", KITCHEN)
        answer = await stage.answer("Here I am.", KITCHEN)
        stage.world.say(BO, "and now?", KITCHEN, reply_to=answer["message_id"])
        await stage.answer("Again.", KITCHEN)


async def test_with_listen_all_it_answers_everything(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING, '[groups]\nlisten = "all"\n') as stage:
        stage.world.say(BO, "hello", KITCHEN)
        await stage.answer("Here I am.", KITCHEN)


async def test_two_people_at_once_are_each_charged_their_own(tmp_path: Path) -> None:
    script = Script(When("of Ada", [Say("For Ada.")]), When("of Bo", [Say("For Bo.")]))
    async with staged(tmp_path, script, FOR_BOTH) as stage:
        stage.world.say(ADA, f"{BOT} question of Ada", KITCHEN)
        stage.world.say(BO, f"{BOT} question of Bo", KITCHEN)
        for words in ("For Ada.", "For Bo."):
            await stage.answer(words, KITCHEN)
        costs = [await stage.bridge.desk.ledger.turn_cost(number) for number in (1, 2)]
        assert sum(costs) == stage.model.bill
        assert all(costs)
        stage.world.say(BO, "/cost", KITCHEN)
        told = await stage.answer("group", KITCHEN)
    assert usd(costs[1]) in told["text"]
    assert usd(sum(costs)) in told["text"]


async def test_only_the_asker_or_an_owner_allows(tmp_path: Path) -> None:
    script = Script([UseTool("Bash", {"command": "echo 1"}), Say("Ran.")])
    async with staged(tmp_path, script) as stage:
        stage.world.say(ADA, f"{BOT} run it", KITCHEN)
        said = await stage.tap("echo 1", "Allow", BO, KITCHEN)
        assert "Only the person who was asked" in said
        await stage.tap("echo 1", "Allow", ADA, KITCHEN)
        await stage.answer("Ran.", KITCHEN)


async def test_a_stranger_in_the_group_gets_nothing(tmp_path: Path) -> None:
    kitchen = Chat(KITCHEN, "supergroup", "Kitchen table", (ADA, BO, STRANGER))
    async with staged(tmp_path, ANSWERING, world=World(groups=[kitchen])) as stage:
        stage.world.say(STRANGER, f"{BOT} hello", KITCHEN)
        stage.world.say(ADA, f"{BOT} hello", KITCHEN)
        await stage.answer("Here I am.", KITCHEN)
        assert len(stage.model.requests) == 1


async def test_added_to_a_group_by_a_stranger_it_stays_silent(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        who, place = USERS[2].json(), {"id": -77, "type": "group", "title": "Spam"}
        added = {"chat": place, "from": who, "date": 1, "new_chat_member": {"status": "member"}}
        stage.world.updates.push("my_chat_member", added)
        stage.say("hi")
        await stage.answer("Here I am.")
        assert {call.chat for call in stage.world.calls} <= {ADA, None}


async def test_an_album_is_whole_though_only_one_part_mentions_the_bot(tmp_path: Path) -> None:
    there = world()
    parts = [
        sharing.file(there, "document", f"{name}.txt", "text/plain", name.encode(), **more)
        for name, more in (("a", {}), ("b", {"caption": f"{BOT} read these"}), ("c", {}))
    ]
    async with staged(tmp_path, ANSWERING, world=there) as stage:
        sharing.album(there, ADA, parts, KITCHEN)
        await stage.answer("Here I am.", KITCHEN)
        said = str(stage.model.requests[0].body)
        assert len(stage.model.requests) == 1
    assert all(f"inbox/{name}.txt" in said for name in "abc")


async def test_new_makes_a_topic_with_a_session_of_its_own(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING, world=world()) as stage:
        stage.world.say(ADA, "/new shed", FORUM.id)
        ready = await stage.answer("Session shed is ready.", FORUM.id)
        topic = ready["message_thread_id"]
        stage.world.say(BO, "no need to mention anybody here", FORUM.id, thread=topic)
        answer = await stage.answer("Here I am.", FORUM.id)
        folder = stage.settings.sessions.root / f"{FORUM.id}.{topic}" / "shed"
        assert folder.is_dir()
    assert answer["message_thread_id"] == topic


async def test_where_it_may_make_no_topic_the_session_is_made_all_the_same(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING, world=world()) as stage:
        stage.world.say(ADA, "/new shed", CLOSED.id)
        ready = await stage.answer("Session shed is ready.", CLOSED.id)
    assert "message_thread_id" not in ready
