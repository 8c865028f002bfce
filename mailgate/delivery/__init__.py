"""Transport out: the outbox worker and the ways a mail can leave."""
