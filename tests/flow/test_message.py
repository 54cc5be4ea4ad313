"""One message, end to end."""

from pathlib import Path

from bridge.simulator.script import Fail, Say, Script, Stall, UseTool, When
from budgets.money import usd
from tests.flow.stage import ADA, BO, STRANGER, staged


async def test_a_message_gets_a_sign_a_draft_and_an_answer(tmp_path: Path) -> None:
    async with staged(tmp_path, Script([Say("Hello **there**, friend. " * 9, pace=0.05)])) as stage:
        asked = stage.say("hi")
        answer = await stage.answer("Hello there, friend.")
        kinds = [e.type for e in stage.world.log.since(0, ADA)]
    assert answer["reply_to_message"]["message_id"] == asked
    assert {"type": "bold", "offset": 6, "length": 5} in answer["entities"]
    assert "haiku" in answer["text"]
    assert kinds.index("reaction") < kinds.index("draft") < kinds.index("draft_end")


async def test_messages_are_answered_one_each_and_in_order(tmp_path: Path) -> None:
    script = Script(*[When(f"number {n}.", [Say(f"Answer {n}.")]) for n in range(5)])
    async with staged(tmp_path, script) as stage:
        for n in range(5):
            stage.say(f"number {n}.")
        await stage.answer("Answer 4.")
        texts = [t for t in stage.texts() if t.startswith("Answer")]
    assert [t.split(".")[0] for t in texts] == [f"Answer {n}" for n in range(5)]


async def test_two_people_are_served_at_the_same_time(tmp_path: Path) -> None:
    script = Script(When("slow", [Stall(60), Say("Late.")]), When("quick", [Say("Soon.")]))
    async with staged(tmp_path, script) as stage:
        stage.say("slow", ADA)
        stage.say("quick", BO)
        await stage.answer("Soon.", BO)
        assert not stage.texts(ADA)


async def test_a_stranger_gets_nothing_and_costs_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path, Script([Say("Hello.")])) as stage:
        stage.say("let me in", STRANGER)
        stage.say("/start", STRANGER)
        stage.say("hi", ADA)
        await stage.answer("Hello.")
        assert not stage.heard(STRANGER)
        assert len(stage.model.requests) == 1


async def test_stop_ends_the_turn_and_keeps_what_was_said(tmp_path: Path) -> None:
    script = Script([Say("One two three. " * 200, pace=0.05)], [Say("Next.")])
    async with staged(tmp_path, script) as stage:
        stage.say("talk")
        await stage.draft("One two")
        stage.say("/stop")
        answer = await stage.answer("Stopped.")
        assert "One two three." in answer["text"]
        stage.say("again")
        await stage.answer("Next.")


async def test_the_native_stop_of_a_draft_ends_the_turn(tmp_path: Path) -> None:
    script = Script([Say("One two three. " * 200, pace=0.05)])
    async with staged(tmp_path, script) as stage:
        stage.say("talk")
        draft = await stage.draft("One two")
        stage.world.stop_draft(ADA, ADA, draft.id)
        await stage.answer("Stopped.")


async def test_an_approved_command_runs_and_a_denied_one_does_not(tmp_path: Path) -> None:
    script = Script(
        When("first", [UseTool("Bash", {"command": "echo made > made.txt"}), Say("One.")]),
        When("second", [UseTool("Bash", {"command": "echo no > not.txt"}), Say("Two.")]),
    )
    async with staged(tmp_path, script) as stage:
        stage.say("first")
        await stage.tap("echo made", "Allow")
        await stage.answer("One.")
        stage.say("second")
        await stage.tap("echo no", "Deny")
        await stage.answer("Two.")
        folder = stage.settings.sessions.root
    assert [p.name for p in folder.rglob("*.txt")] == ["made.txt"]


async def test_a_question_of_claude_is_answered_by_a_button(tmp_path: Path) -> None:
    options = [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}]
    asked = {"question": "Which?", "header": "Colour", "options": options, "multiSelect": False}

    def seen(talk: object) -> list[object]:
        results = getattr(talk, "results", ())
        return [UseTool("AskUserQuestion", {"questions": [asked]}), Say(f"Got: {results}")]

    async with staged(tmp_path, Script(When("ask", seen))) as stage:  # type: ignore[arg-type]
        stage.say("ask")
        await stage.tap("Which?", "Blue")
        answer = await stage.answer("Got:")
    assert "Blue" in answer["text"]


async def test_a_tap_of_a_stranger_or_a_second_tap_changes_nothing(tmp_path: Path) -> None:
    script = Script([UseTool("Bash", {"command": "echo 1"}), Say("Ran.")])
    async with staged(tmp_path, script) as stage:
        stage.say("go")
        message = await stage.answer("echo 1")
        data = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        await stage.tap("echo 1", "Allow")
        await stage.answer("Ran.")
        stage.world.edit(message)  # a phone that was offline still shows the buttons
        tapped = stage.world.tap(ADA, ADA, message["message_id"], data)
        said = await stage.until(lambda: stage.world.taps.answered(tapped))
        assert said["text"]
        assert len(stage.model.requests) == 2


async def test_the_cost_is_what_the_api_charged(tmp_path: Path) -> None:
    async with staged(tmp_path, Script([Say("Hello.")])) as stage:
        stage.say("hi")
        await stage.answer("Hello.")
        stage.say("/cost")
        cost = await stage.answer("oday")
        assert stage.model.bill > 0
        assert await stage.bridge.desk.ledger.turn_cost(1) == stage.model.bill
    assert usd(stage.model.bill) in cost["text"]


async def test_status_and_help_and_start_answer(tmp_path: Path) -> None:
    async with staged(tmp_path, Script([Say("Hello.")])) as stage:
        for command, words in (("/start", "Ada"), ("/help", "/cost"), ("/status", "main")):
            stage.say(command)
            await stage.answer(words)
        assert not stage.model.requests


async def test_a_failure_of_the_api_is_a_sentence(tmp_path: Path) -> None:
    fail = Fail(400, "invalid_request_error", "no", times=None)
    script = Script(When("good", [Say("Fine.")]), When("bad", [fail]))
    async with staged(tmp_path, script) as stage:
        stage.say("bad")
        await stage.answer("did not accept")
        stage.say("good")
        await stage.answer("Fine.")


async def test_a_megabyte_of_tool_output_and_noise_on_stderr_pass(tmp_path: Path) -> None:
    noisy = "head -c 300000 /dev/zero | tr '\\0' e >&2; head -c 1000000 /dev/zero | tr '\\0' x"
    script = Script([UseTool("Bash", {"command": noisy}), Say("Through.")])
    extra = "approve = []\n"
    async with staged(tmp_path, script, extra) as stage:
        stage.say("flood")
        await stage.answer("Through.")
