"""The shared mailbox as the board: folders are states, and moving a mail moves its ticket."""
