"""The longer texts of the guide."""

POEM = """\
A bridge of wire, a booth of light,
a question crossing in the night;
it pays its coin, it finds its way,
and brings an answer back by day.
"""

THOUGHT = """\
The person wants to see me think. What is worth a thought? A bridge, perhaps. A bridge must carry \
its own weight before it carries anyone else's. The same holds for a program that stands between \
a person and a model: whatever it adds, it must first not get in the way. Good. That is the point \
to make, in one or two sentences.
"""

CONCLUSION = (
    "I thought about bridges. A good one first carries itself, then everyone else: "
    "it should add safety and cost you almost nothing in time."
)

LONG = """\
# A short tour of Tollbridge

Everything you read here comes from a *simulated* model, but the road it takes is the real one: \
Claude Code runs, its words pass the toll booth, and the bot brings them to you **while they are \
being written**. If it gets too long, tap Stop. Nothing breaks; whatever was said so far stays.

## What happens to a message

1. It is stored first. Only then does Telegram hear that it arrived, so a crash loses nothing.
2. The budget is asked whether anything is left.
3. A rule chooses the model:
   - short and simple questions go to a small one,
   - hard ones climb a ladder,
     - and a small model may call for help in the middle of its work,
   - and what you pin with `/model` always wins.
4. Claude Code works in a folder of its own and tells us what it does.
5. The answer is stored, then delivered.

> A bridge that forgets who is on it is not a bridge.
> That is why the message is stored before anything else happens.

## What the models cost

Prices are in dollars for a million tokens. They differ a lot, which is the whole point of \
choosing well:

| Model | Reads | Writes | Good for |
|---|---:|---:|---|
| Haiku | 0.10 | 0.50 | quick questions, small edits |
| Sonnet | 2.00 | 10.00 | everyday programming |
| Opus | 4.00 | 20.00 | hard problems, long plans |

A question that takes 20,000 tokens to read and 500 to answer costs about a fifth of a cent on \
the first, and nine cents on the last. Asked thirty times a day, that is the difference between \
a coin and a coffee.

## Some code, because you will see a lot of it

```python
def toll(tokens: int, price: int) -> int:
    \"\"\"In micro-USD, rounded up: the booth never undercharges.\"\"\"
    return -(-tokens * price // 1000)


for name, price in {"haiku": 100, "sonnet": 2_000, "opus": 4_000}.items():
    print(f"{name:>8}: {toll(20_000, price):>8,} micro-USD")
```

And what it prints:

```text
   haiku:    2,000 micro-USD
  sonnet:   40,000 micro-USD
    opus:   80,000 micro-USD
```

## The rules of the house

- **Nobody spends more than their budget.** Every request is held against the limit *before* it \
is sent, at the most it could possibly cost.
- **Nothing dangerous without you.** A command that changes something asks first, with buttons. \
A button works once, and only for the person who was asked.
- **No secrets in the workshop.** The key and the token stay with the bot; the process that runs \
commands ~~has them too~~ never sees them.
- **Plain words.** When something goes wrong you read what happened and what to do next.

## Where to go from here

Say **list files**, **write a poem**, **run something** or **ask me something**. With a real key \
the same bot talks to the real model; the README says how, in three steps. To read more about the \
two neighbours of this bridge, see [Claude Code](https://code.claude.com/docs) and the \
[Telegram Bot API](https://core.telegram.org/bots/api).

### A last thing

Special characters survive the crossing: `<b>`, `&`, `*stars*`, `_underscores_`, 5 < 7 > 3, \
emoji 🌉🚦🪙, and words from elsewhere: *čaj, naïve, Straße, мост, 橋*.

That was the tour. Thank you for reading to the end!
"""
