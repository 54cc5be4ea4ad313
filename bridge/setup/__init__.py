"""`tollbridge init`: from nothing to a bot that waits for its owner."""
