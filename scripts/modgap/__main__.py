"""``python -m modgap``: the command of ``modgap.command``."""

import sys

from modgap.command import main

if __name__ == "__main__":
    sys.exit(main())
