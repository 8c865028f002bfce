"""`python -m mailgate` is the command `mailgate`."""

from mailgate.cli import main

main()
