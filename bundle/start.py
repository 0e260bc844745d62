"""What the executable of the offline bundle runs."""

import sys

from tui.__main__ import main

sys.exit(main())
