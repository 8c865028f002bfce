"""The shared mailbox as a server shows it: imapclient, without its traps."""
