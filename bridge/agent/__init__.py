"""Claude Code through the claude-agent-sdk: the only place that knows the SDK."""
