"""Transport in: SMTP, pipes, and the worker that turns stored mail into events."""
