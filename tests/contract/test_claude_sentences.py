"""Every way in which a turn of the real Claude Code fails: one sentence that says what to do."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.agent.options import Place
from bridge.errors import AgentError
from bridge.model import Outcome, Retrying
from bridge.simulator.script import Drop, Fail, Say, Scenario, Step, Stop
from bridge.simulator.talk import Talk
from tests.contract.solo import (
    NONE,
    SETTINGS,
    alone,
    claude,
    end,
    furnished,
    installed,
    of,
    session,
    settings,
    told,
)

CREDIT = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."
LONG = "prompt is too long: 250000 tokens > 200000 maximum"
IMAGE = "messages.0.content.0.image: image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes"
WORDS = "Words and words. " * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnished(tmp_path)


def always(status: int, kind: str, message: str = "no", retry_after: int | None = None) -> Fail:
    return Fail(status, kind, message, times=None, retry_after=retry_after)


def failing(*steps: Step) -> Scenario:
    """The same at every request, also when Claude Code asks to go on in other words."""

    def scenario(_: Talk) -> Sequence[Step]:
        return steps

    return scenario


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (always(400, "invalid_request_error"), "Try a shorter or simpler message"),
        (always(400, "invalid_request_error", CREDIT), "no credit left"),
        (always(400, "invalid_request_error", LONG), "too long for the model; start a new session"),
        (always(400, "invalid_request_error", IMAGE), "Send smaller ones"),
        (always(402, "billing_error", "You have spent it all."), "You have spent it all."),
        (always(403, "permission_error"), "The owner should check anthropic.api_key"),
        (always(404, "not_found_error"), "The owner should check its id in"),
        (always(413, "request_too_large"), "Send smaller ones"),
        (always(429, "rate_limit_error", retry_after=3600), "Wait a minute"),
        (Stop("refusal"), "Put it differently"),
    ],
    ids=["400", "credit", "long", "image", "402", "403", "404", "413", "429", "refusal"],
)
async def test_what_cannot_be_helped_is_told_at_once(folder: Path, step: Step, words: str) -> None:
    async with claude(folder, failing(step)) as client:
        events = await told(client, "hi")
    assert end(events).outcome is Outcome.FAILED
    assert words in end(events).text
    assert not of(Retrying, events)


async def test_a_refused_key_is_told_at_the_first_attempt(folder: Path) -> None:
    """Claude Code would try it three times more, and keep its user waiting for nothing."""
    heard: list[str] = []

    def scenario(talk: Talk) -> Sequence[Step]:
        heard.append(talk.said)
        refused = always(401, "authentication_error")
        return [refused] if talk.said.endswith("hi") else [Say("Welcome.")]

    async with claude(folder, scenario) as client:
        failed = end(await told(client, "hi"))
        attempts = len(heard)
        again = end(await told(client, "the key is right now"))
    assert failed.outcome is Outcome.FAILED
    assert "The owner should check anthropic.api_key" in failed.text
    assert attempts == 1
    assert (again.outcome, again.text) == (Outcome.DONE, "Welcome.")


@pytest.mark.parametrize(
    ("step", "why", "words"),
    [
        (always(500, "api_error"), "the API answered 500", "answered with error 500"),
        (always(529, "overloaded_error"), "the API answered 529", "overloaded. Wait a minute"),
        (Drop(times=None), "the API did not answer", "The connection to the API broke"),
    ],
    ids=["500", "529", "drop"],
)
async def test_what_may_pass_is_tried_again_and_every_attempt_is_told(
    folder: Path, step: Step, why: str, words: str
) -> None:
    async with claude(folder, failing(step)) as client:
        events = await told(client, "hi")
    retries = [(r.attempt, r.most, r.why) for r in of(Retrying, events)]
    assert retries == [(1, 3, why), (2, 3, why), (3, 3, why)]
    assert end(events).outcome is Outcome.FAILED
    assert words in end(events).text


async def test_an_api_that_is_not_there_is_told(folder: Path) -> None:
    cli, nowhere = installed(folder), "http://127.0.0.1:9"
    config = folder / "config"
    client = alone(
        settings(folder), session(folder), config, lambda home: Place(cli, home, nowhere, NONE, ())
    )
    try:
        events = await told(client, "hi")
    finally:
        await client.close()
    assert len(of(Retrying, events)) == 3
    assert "The connection to the API broke" in end(events).text


async def test_an_answer_without_an_end_is_told(tmp_path: Path) -> None:
    """Claude Code goes on three times by itself when the model may not write more at once."""
    folder = furnished(tmp_path, f"{SETTINGS}\n[models.haiku]\nid = 'claude-haiku-5-5'\n"
                       "output_tokens = 50\n")  # fmt: skip
    async with claude(folder, failing(Say(WORDS))) as client:
        failed = end(await told(client, "hi"))
    assert failed.outcome is Outcome.FAILED
    assert "longer than the model may write" in failed.text


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "Claude Code is missing"),
        ("exec /nowhere/claude", "install claude-agent-sdk"),
        ("exit 1", "Claude Code"),
        ("echo 'No space left on device' >&2; exit 1", "The disk is full"),
        ("echo 'bwrap: not found' >&2; exit 1", "install bubblewrap and socat"),
    ],
    ids=["no wrapper", "no program", "exit 1", "disk", "sandbox"],
)
async def test_a_program_that_does_not_start_is_told(
    folder: Path, script: str | None, words: str
) -> None:
    cli = folder / "broken"
    if script:
        cli.write_text(f"#!/bin/sh\n{script}\n")
        cli.chmod(0o700)
    async with claude(folder, failing(Say("hi")), cli=cli) as client:
        with pytest.raises(AgentError, match=words) as failure:
            await told(client, "hi")
    assert "exit code" not in str(failure.value)
