"""Claude Code in your Telegram, with a toll booth."""

__version__ = "0.1.0"
