"""Everything that speaks Telegram: what comes in, what goes out, and how it looks."""
