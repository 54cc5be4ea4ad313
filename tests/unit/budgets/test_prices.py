"""What a request costs, in integer micro-USD."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets import prices
from budgets.model import Price, Rates, Tokens
from budgets.prices import Written


def priced(model: str) -> Price:
    price = prices.find(model)
    assert price is not None, model
    return price


HAIKU, SONNET, OPUS = map(priced, ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"))
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "rates"),
    [  # USD per million tokens: input, output, cache read, 5-minute write, 1-hour write
        ("claude-haiku-5-5", (0.1, 0.5, 0.01, 0.125, 0.2)),
        ("claude-sonnet-5-5", (2, 10, 0.1, 2.5, 4)),
        ("claude-sonnet-5", (2, 10, 0.2, 2.5, 4)),
        ("claude-opus-5-5", (4, 20, 0.2, 5, 8)),
        ("claude-fable-5-2", (8, 40, 0.2, 10, 16)),
        ("claude-haiku-4-5", (1, 5, 0.1, 1.25, 2)),
        ("claude-sonnet-4-6", (3, 15, 0.3, 3.75, 6)),
        ("claude-opus-4-5", (5, 25, 0.5, 6.25, 10)),
        ("claude-opus-5", (5, 25, 0.5, 6.25, 10)),
    ],
)
def test_the_rates_are_those_that_claude_code_reckons_with(
    model: str, rates: tuple[float, ...]
) -> None:
    base = priced(model).base
    ours = (base.input, base.output, base.cache_read, base.cache_write_5m, base.cache_write_1h)
    assert ours == tuple(round(rate * MILLION) for rate in rates)
    assert base.web_search == 10 * MILLION


def test_the_small_model_costs_five_times_as_much_beyond_100_000_tokens() -> None:
    base, long = HAIKU.base, HAIKU.long
    assert long is not None
    assert HAIKU.long_over == 100_000
    assert (long.input, long.output, long.cache_read) == (
        5 * base.input,
        5 * base.output,
        5 * base.cache_read,
    )
    assert (long.cache_write_5m, long.cache_write_1h) == (
        5 * base.cache_write_5m,
        5 * base.cache_write_1h,
    )


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        (Tokens(input=100_000), 10_000),
        (Tokens(input=100_001), 50_001),  # $0.0500005, rounded up
        (Tokens(input=1, cache_read=100_000), 5_001),  # the tier goes by the whole prompt
        (Tokens(input=150_000, output=10_000), 100_000),
        (Tokens(input=90_000, output=10_000), 14_000),
        (Tokens(cache_write_5m=1_000, cache_write_1h=1_000), 325),
        (Tokens(web_searches=3), 30_000),
        (Tokens(input=1), 1),  # a tenth of a micro-dollar
        (Tokens(), 0),
    ],
)
def test_what_a_request_to_the_small_model_costs(tokens: Tokens, cost: int) -> None:
    assert prices.cost(tokens, HAIKU) == cost


@pytest.mark.parametrize(
    ("price", "prompt", "output", "worst"),
    [
        (HAIKU, 100_000, 16_000, 28_000),
        (HAIKU, 200_000, 32_000, 280_000),
        (SONNET, 100_000, 16_000, 560_000),
        (OPUS, 100_000, 16_000, 1_120_000),
    ],
)
def test_the_worst_case_is_a_one_hour_write_of_the_whole_prompt(
    price: Price, prompt: int, output: int, worst: int
) -> None:
    assert prices.worst_case(price, input_tokens=prompt, output_tokens=output) == worst


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("claude-opus-5-5[1m]", "claude-opus-5-5"),
        ("claude-opus-5-5-20261101", "claude-opus-5-5"),
        ("claude-opus-5-5@20261101", "claude-opus-5-5"),
        ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"),
        ("anthropic.claude-haiku-5-5-20261101-v1:0", "claude-haiku-5-5"),
        ("global.anthropic.claude-haiku-5-5-20261101-v1:0", "claude-haiku-5-5"),
        ("anthropic/claude-sonnet-5.5", "claude-sonnet-5-5"),
        ("claude-opus-4-20250514", "claude-opus-4-0"),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku-latest"),
        ("Claude-Haiku-5-5", "claude-haiku-5-5"),
    ],
)
def test_marks_around_the_name_do_not_change_the_price(name: str, plain: str) -> None:
    assert (priced(name).base, priced(name).long) == (priced(plain).base, priced(plain).long)
    assert priced(name).model == name


def test_a_request_that_stays_in_one_region_costs_a_tenth_more() -> None:
    regional = priced("us.anthropic.claude-opus-5-5-20261101-v1:0").base
    assert (regional.input, regional.output) == (4_400_000, 22_000_000)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "haiku",
        "gpt-5",
        "claude-opus-9",
        "claude-opus-4-10",  # not 4-1, though it begins alike
        "claude-haiku-4-5-turbo",
        "claude-2",  # no price for its cache
        "claude-opus-5-5[2m]",
        "my-claude-opus-5-5",
    ],
)
def test_an_unknown_model_has_no_price(name: str) -> None:
    assert prices.find(name) is None


counts = st.integers(0, 300_000)
searches = st.integers(0, 20)
usages = st.builds(Tokens, counts, counts, counts, counts, counts, searches)
models = st.sampled_from([HAIKU, SONNET, OPUS, priced("claude-sonnet-4-5")])


@given(models, usages, usages)
def test_more_tokens_never_cost_less(price: Price, some: Tokens, more: Tokens) -> None:
    both = Tokens(
        some.input + more.input,
        some.output + more.output,
        some.cache_read + more.cache_read,
        some.cache_write_5m + more.cache_write_5m,
        some.cache_write_1h + more.cache_write_1h,
        some.web_searches + more.web_searches,
    )
    assert prices.cost(both, price) >= prices.cost(some, price)


@given(models, usages, counts, counts, searches)
def test_a_request_within_its_bounds_never_costs_more_than_its_worst_case(
    price: Price, tokens: Tokens, spare: int, spare_output: int, spare_searches: int
) -> None:
    prompt = (
        tokens.input + tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h + spare
    )
    worst = prices.worst_case(
        price,
        input_tokens=prompt,
        output_tokens=tokens.output + spare_output,
        web_searches=tokens.web_searches + spare_searches,
    )
    assert prices.cost(tokens, price) <= worst


@dataclass
class Declared:
    """What an owner may write into the settings; USD."""

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    web_search: Decimal | None = None


@pytest.mark.parametrize(("written", "rate"), [("", 100), ("5m", 125), ("1h", 200)])
def test_what_is_not_to_be_cached_costs_no_write(written: Written, rate: int) -> None:
    worst = prices.worst_case(HAIKU, input_tokens=1000, output_tokens=0, written=written)
    assert worst == rate


@pytest.mark.parametrize("name", ["claude-haiku-5-5", "claude-haiku-5-5-20261101[1m]"])
def test_a_declared_rate_holds_for_prompts_of_every_length(name: str) -> None:
    """What is left out stays as listed, with its tiers. The key is any name of the model."""
    own = Declared(input=Decimal("0.3"), web_search=Decimal(5))
    price = prices.find(name, {"claude-haiku-5-5": own})
    assert price
    assert price.long
    assert (price.base.input, price.long.input) == (300_000, 300_000)
    assert (price.base.output, price.long.output) == (HAIKU.base.output, 5 * HAIKU.base.output)
    assert price.base.web_search == 5 * MILLION


def test_a_declaration_for_one_model_is_none_for_another() -> None:
    own = {"claude-haiku-5-5": Declared(input=Decimal(9))}
    assert prices.find("claude-sonnet-5-5", own) == SONNET


def test_a_model_that_is_not_listed_has_a_price_when_input_and_output_are_declared() -> None:
    own = Declared(input=Decimal(1), output=Decimal(4))
    price = prices.find("my-model", {"my-model": own})
    assert price == Price("my-model", Rates(MILLION, 4 * MILLION, MILLION, 1_250_000, 2 * MILLION,
                                            10 * MILLION))  # fmt: skip


@pytest.mark.parametrize(
    "own", [Declared(), Declared(input=Decimal(1)), Declared(output=Decimal(1))]
)
def test_with_less_it_has_none(own: Declared) -> None:
    assert prices.find("my-model", {"my-model": own}) is None


def test_a_tenth_more_is_rounded_up() -> None:
    assert [prices.regional(cost) for cost in (0, 1, 10, 100)] == [0, 2, 11, 110]
