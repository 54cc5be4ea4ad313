"""Generated examples are the same ones in every CI run, and new ones on each other machine.

What chance finds belongs to whoever can look into it, not to the change that happens to run.
"""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
