"""The store: what must survive a crash, in SQL behind the ports of the bridge."""
