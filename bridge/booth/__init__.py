"""The toll booth: every API request of Claude Code passes here, is held, metered and settled."""
