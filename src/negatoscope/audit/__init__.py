"""The trace: who did what to whose record, appended in the transaction of the act and chained by hash. May import platform."""
