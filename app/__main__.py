"""`python -m app`: open the window."""

import multiprocessing
import sys


def main() -> int:
    """Open the window and stay until it is closed."""
    multiprocessing.freeze_support()  # first of all: a packaged child process would otherwise open a window itself
    from app.application import main as open_window

    return open_window(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
